package main

import (
	"fmt"
	"io"
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

// push takes, as JSON in the body, the same message that the deployed queue takes from a team's other services.
func push(queue domain.Queue) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPush))
		if err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		delivery, err := sqs.DecodePush(body, wiring.NewID(), time.Now())
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
