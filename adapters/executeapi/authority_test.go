package executeapi

import (
	"crypto/rand"
	"crypto/x509"
	"net/http"
	"testing"
)

// Should its key have been seen by somebody, the authority still vouches for the names of its run alone.
func TestAuthorityIsForItsNamesOnly(t *testing.T) {
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	ca := authorityFor([]string{"ours.example.com"})
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	for _, name := range []string{"ours.example.com", "theirs.example.com", "example.com"} {
		made, err := leaf(name, ca, key)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(made.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		_, err = cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: name})
		invalid, _ := err.(x509.CertificateInvalidError)
		if name == "ours.example.com" && err != nil || name != "ours.example.com" && invalid.Reason != x509.CANotAuthorizedForThisName {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryRunHasKeysOfItsOwn(t *testing.T) {
	names := map[string]http.Handler{"a.example.com": nil}
	first, leaves, err := issue(names)
	if err != nil {
		t.Fatal(err)
	}
	pool, parsed := x509.NewCertPool(), func(der []byte) *x509.Certificate { c, _ := x509.ParseCertificate(der); return c }
	if second, _, err := issue(names); err != nil {
		t.Fatal(err)
	} else {
		pool.AddCert(parsed(second))
	}
	cert := parsed(leaves["a.example.com"].Certificate[0])
	if _, err := cert.Verify(x509.VerifyOptions{Roots: pool}); err == nil {
		t.Error("another run's authority vouches for a certificate")
	}
	pool.AddCert(parsed(first))
	if _, err := cert.Verify(x509.VerifyOptions{Roots: pool}); err != nil {
		t.Error(err)
	}
}
