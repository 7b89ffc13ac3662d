package executeapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/http"
	"slices"
	"time"
)

// validity of certificates: longer than anybody develops without a new start.
const validity = 365 * 24 * time.Hour

// certificates are those of this run, by name.
type certificates map[string]*tls.Certificate

// issue makes an authority and a certificate for each name. The authority's key is needed no more, and forgotten.
func issue(names map[string]http.Handler) (authority []byte, _ certificates, err error) {
	caKey, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	ca := authorityFor(slices.Sorted(maps.Keys(names)))
	authority, err = x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate authority: %w", err)
	}
	all := certificates{}
	for name := range names {
		if all[name], err = leaf(name, ca, caKey); err != nil {
			return nil, nil, fmt.Errorf("make a certificate for %s: %w", name, err)
		}
	}
	return authority, all, nil
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return key, nil
}

// authorityFor describes an authority that may vouch for these names and for no address.
func authorityFor(names []string) *x509.Certificate {
	all4, all6 := net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}, net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}
	return &x509.Certificate{
		SerialNumber:                big.NewInt(time.Now().UnixNano()),
		Subject:                     pkix.Name{CommonName: "Names of one run on this machine"},
		NotBefore:                   time.Now().Add(-time.Hour),
		NotAfter:                    time.Now().Add(validity),
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         names,
		ExcludedIPRanges:            []*net.IPNet{&all4, &all6},
	}
}

// leaf makes a server's certificate for one name.
func leaf(name string, ca *x509.Certificate, caKey *ecdsa.PrivateKey) (*tls.Certificate, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{Organization: []string{"Served on this machine"}},
		DNSNames:     []string{name},
		NotBefore:    ca.NotBefore,
		NotAfter:     ca.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// config answers each connection with the certificate of the name that it was made for.
func (c certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c[hello.Conn.(namedConn).name], nil
		},
	}
}
