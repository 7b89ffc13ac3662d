package gateway

import (
	"net/http"

	"wsecho/adapters/gateway/internal/sigv4"
)

// Signatures turns on the check of AWS Signature Version 4 on calls of /@connections, for the service name execute-api.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type Signatures struct {
	// Keys are secret access keys by access key id.
	Keys map[string]string
	// Region that requests must be signed for. Default: Config.Region.
	Region string
}

// checkSignature refuses calls that are not signed as they should be.
func (g *Gateway) checkSignature(r *http.Request, body []byte) *apiError {
	s := g.cfg.Signatures
	if s == nil {
		return nil
	}
	if no := (sigv4.Verifier{Keys: s.Keys, Region: s.Region, Service: "execute-api"}).Verify(r, body); no != nil {
		return &apiError{http.StatusForbidden, no.Kind, no.Message}
	}
	return nil
}
