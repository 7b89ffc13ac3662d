package main

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"wsecho/adapters/sqs"
	"wsecho/domain"
	"wsecho/functions/internal/wiring"
)

// maxPush is the size of a push in bytes: that of a message of SQS.
const maxPush = 1 << 20

// pages serves what is not the API itself.
func pages(api http.Handler, queue domain.Queue) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("POST /push", push(queue))
	return mux
}

// wantsJSON is the answer to who did not say so.
const wantsJSON = `a push is application/json, and has to say so:

  curl -H 'Content-Type: application/json' -d '{"v":1,"audience":"everyone","message":"hello"}' http://%s/push`

// push takes, as JSON in the body, the same message that the deployed queue takes from a team's other services.
func push(queue domain.Queue) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !isJSON(r) {
			http.Error(w, fmt.Sprintf(wantsJSON, r.Host), http.StatusUnsupportedMediaType)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
		if err != nil {
			http.Error(w, err.Error(), unreadable(err))
			return
		}
		delivery, err := sqs.DecodePush(body, wiring.NewID(), time.Now(), wiring.Audiences())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := queue.Enqueue(r.Context(), delivery); err != nil {
			http.Error(w, "the queue did not take it", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintln(w, delivery.MessageID)
	}
}

// unreadable is the status for a body that was not read to its end.
func unreadable(err error) int {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusRequestTimeout
}

// isJSON tells whether a request says that its body is JSON. Neither a form nor a page can do so without asking first.
func isJSON(r *http.Request) bool {
	kinds := r.Header["Content-Type"]
	if len(kinds) != 1 {
		return false
	}
	kind, _, err := mime.ParseMediaType(kinds[0])
	return err == nil && kind == "application/json"
}
