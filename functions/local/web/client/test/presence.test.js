import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Presence } from '../presence.js';
import { endTime, startTime, tick } from './service.js';

const bob = (presence) => presence.members.find(({ user }) => user === 'bob')?.connections ?? 0;
const announced = (type, connection) => ({ type, user: 'bob', connection });
let presence;

beforeEach(() => {
  startTime(['Date']);
  presence = new Presence();
  presence.list([{ user: 'ada', connections: 1 }, { user: 'bob', connections: 2 }]);
  tick(120_000);
});

afterEach(endTime);

test('a repeated announcement changes nothing', () => {
  for (const sure of [true, true]) assert.equal(presence.count(announced('left', 'b1')), sure);
  assert.equal(bob(presence), 1);
  for (const sure of [true, true]) assert.equal(presence.count(announced('joined', 'b1')), sure);
  assert.equal(bob(presence), 2);
});

test('a departure that is told again after a new list is asked for, not counted', () => {
  presence.count(announced('left', 'b1'));
  for (let lists = 0; lists < 2; lists++) {
    presence.list([{ user: 'ada', connections: 1 }, { user: 'bob', connections: 1 }]);
    tick(120_000);
  }
  assert.equal(presence.count(announced('left', 'b1')), false);
  assert.equal(bob(presence), 1);
  assert.equal(presence.count(announced('left', 'b2')), true);
  assert.equal(bob(presence), 0);
});

test('who left and came back may leave again', () => {
  presence.count(announced('left', 'b1'));
  presence.list([{ user: 'bob', connections: 1 }]);
  tick(120_000);
  assert.equal(presence.count(announced('joined', 'b1')), true);
  assert.equal(presence.count(announced('left', 'b1')), true);
  assert.equal(bob(presence), 1);
});
