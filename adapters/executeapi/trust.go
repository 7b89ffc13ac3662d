package executeapi

import (
	"bytes"
	"encoding/pem"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
)

// trust are the files that clients of the proxy trust, in a temporary folder of their own.
type trust struct {
	folder string
	bundle string // The system's roots and the authority: for variables that replace the roots.
	extra  string // The authority, for NODE_EXTRA_CA_CERTS.
}

// systemRoots are the files with a system's roots, in the order in which crypto/x509 tries them: Debian, Fedora,
// openSUSE, OpenELEC, Red Hat, Alpine and macOS.
var systemRoots = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// writeTrust writes the files. What the person's own variables add is kept, so that a company's proxy stays trusted.
func writeTrust(authority []byte, log *slog.Logger) (trust, error) {
	folder, err := os.MkdirTemp("", "executeapi-")
	if err != nil {
		return trust{}, err
	}
	t := trust{folder, filepath.Join(folder, "bundle.pem"), filepath.Join(folder, "authority.pem")}
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority})
	nodes := read(log, os.Getenv("NODE_EXTRA_CA_CERTS"))
	roots := roots(log)
	if len(roots) == 0 {
		log.Warn("No roots of this system were found: functions can't reach AWS and other https servers. Set SSL_CERT_FILE")
	}
	err = errors.Join(
		os.WriteFile(t.bundle, bytes.Join([][]byte{roots, nodes, own}, nil), 0o600),
		os.WriteFile(t.extra, bytes.Join([][]byte{nodes, own}, nil), 0o600),
	)
	if err != nil {
		return trust{}, errors.Join(err, t.remove())
	}
	return t, nil
}

// roots are those of the system, or those that the person put into their place, and what the SDKs were told to trust.
func roots(log *slog.Logger) []byte {
	var all []byte
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		all = read(log, file)
	} else {
		all = firstOf(systemRoots)
	}
	seen := map[string]bool{os.Getenv("SSL_CERT_FILE"): true}
	for _, name := range []string{"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"} {
		if file := os.Getenv(name); !seen[file] {
			seen[file] = true
			all = append(all, read(log, file)...)
		}
	}
	return all
}

func firstOf(files []string) []byte {
	for _, file := range files {
		if content, err := os.ReadFile(file); err == nil && len(content) > 0 {
			return append(content, '\n')
		}
	}
	return nil
}

// read returns what is in a file of certificates, with a line's end, and nothing for no file.
func read(log *slog.Logger, file string) []byte {
	if file == "" {
		return nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		log.Warn("Certificates that a variable of the environment names can't be read", "error", err)
		return nil
	}
	return append(content, '\n')
}

func (t trust) remove() error { return os.RemoveAll(t.folder) }
