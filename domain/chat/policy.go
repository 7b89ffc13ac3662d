package chat

import "wsecho/domain"

// ActTell is to send direct messages.
const ActTell domain.Act = "tell"

// ActJoin is to join a room, and so to read it and to speak in it: everything else in a room takes a member.
func ActJoin(room string) domain.Act { return domain.Act(Rooms.Prefix + room) }
