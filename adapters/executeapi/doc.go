// Package executeapi lets unmodified code reach WebSocket APIs that are served on this machine by the names that they
// have on AWS. Handlers build https://{domainName}/{stage} themselves, or the same with
// {apiId}.execute-api.{region}.amazonaws.com; a Proxy answers for these names, and for no others.
//
//	p, err := executeapi.New(executeapi.Config{Names: map[string]http.Handler{
//		"abcdefghij.execute-api.us-east-1.amazonaws.com": g,
//	}})
//	…
//	defer p.Close()
//	cmd.Env = append(os.Environ(), p.Environment()...)
//
// It is a forward proxy on loopback, which asks for a password of this run. For its own names it ends TLS, with a
// certificate that was made at the start, and serves the handler: HTTP/1.1 and HTTP/2. No request for such a name
// leaves this machine. All else is passed on, to where the request says or to the proxy that HTTPS_PROXY and
// HTTP_PROXY name; whom NO_PROXY exempts is reached without that proxy.
//
// # What the certificate can do
//
// It is signed by an authority whose key is gone before New returns, which may vouch for the names of this run alone
// (RFC 5280, section 4.2.1.10). It is installed nowhere: a process trusts it that gets the variables of Environment.
// The authority's certificate is in a temporary folder until Close, together with the roots of the system, as
// AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE and SSL_CERT_FILE replace these.
//
// # What a runtime needs
//
//	runtime                        finds the proxy by         trusts by
//	Go on Linux and the BSDs       HTTPS_PROXY                SSL_CERT_FILE, with the AWS SDK also AWS_CA_BUNDLE
//	Go on macOS and Windows        HTTPS_PROXY                AWS_CA_BUNDLE with the AWS SDK's config.LoadDefaultConfig;
//	                                                          other clients: set the endpoint
//	Python, boto3 and requests     HTTPS_PROXY                AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE
//	Python, urllib                 HTTPS_PROXY                SSL_CERT_FILE
//	Node                           WSGATEWAY_PROXY, by a      NODE_EXTRA_CA_CERTS
//	                               preloaded script
//	Ruby, PHP, Rust with OpenSSL   HTTPS_PROXY                SSL_CERT_FILE, the AWS SDK for Ruby AWS_CA_BUNDLE
//	.NET on Linux                  HTTPS_PROXY                SSL_CERT_FILE
//	.NET on macOS and Windows      HTTPS_PROXY                the system's store: set the endpoint
//	Java                           -Dhttps.proxyHost …        a trust store of its own: set the endpoint
//
// To set the endpoint is to give the client http://127.0.0.1:{port}/{stage} as its endpoint: AWS_ENDPOINT_URL or
// AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI does it for newer SDKs that are not given one in the code. Sources:
// crypto/x509 ("on Unix systems other than macOS the environment variables SSL_CERT_FILE and SSL_CERT_DIR can be used"),
// the AWS SDKs' reference guide (AWS_CA_BUNDLE), Node's command-line reference (NODE_EXTRA_CA_CERTS), .NET's
// "Cross-platform cryptography" (OpenSSL's variables on Linux). Go, boto3 and Node are tested, on Linux; the others are
// not.
package executeapi
