package jwt

// CheckRedirect is for tests: a real redirect from https would take a certificate.
var CheckRedirect = checkRedirect
