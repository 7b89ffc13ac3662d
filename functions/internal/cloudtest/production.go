package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// production is the environment prod, with an issuer of tokens.
type production struct {
	stack
	issuer *issuer
}

// refusePlaceholders shows that the environment is not deployed before somebody filled it in.
func (p production) refusePlaceholders(ctx context.Context, log io.Writer) error {
	var said bytes.Buffer
	if p.stack.deploy(ctx, io.MultiWriter(log, &said)) == nil {
		return errors.New("placeholders were deployed")
	}
	if !bytes.Contains(said.Bytes(), []byte("goes here")) {
		return errors.New("sam does not say what to fill in")
	}
	return nil
}

func (p production) deploy(ctx context.Context, log io.Writer) error {
	return p.stack.deploy(ctx, log, p.filledIn()...)
}

// filledIn are the parameters in place of the placeholders.
func (p production) filledIn() []string {
	return []string{"JwtIssuer=" + issuerName, "JwtAudience=" + audience, "JwksUrl=" + p.issuer.keySet()}
}

// testToken shows who gets in: with a token, nobody without one or with one that has ended.
func (p production) testToken(ctx context.Context, log io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	url, token, err := p.invitation(ctx, log)
	if err != nil {
		return err
	}
	ended, err := p.issuer.token(ctx, log, "ada", "-1h")
	if err != nil {
		return err
	}
	c := p.session(ctx, log)
	defer c.close()
	c.refused(url, http.StatusUnauthorized)
	c.refused(url, http.StatusUnauthorized, "-H", bearer(ended))
	c.refused(url+"?user=ada", http.StatusUnauthorized)
	c.refused(url+"?token="+token, http.StatusUnauthorized)
	ada := c.join("ada", url, "-H", bearer(token))
	c.say(ada, `{"action":"hello","id":"h"}`)
	c.hears(ada, message{Type: "welcome", ID: "h", User: "ada"})
	return c.err
}

// invitation is where to connect, and a token that lets ada in.
func (p production) invitation(ctx context.Context, log io.Writer) (url, token string, err error) {
	if url, err = p.url(ctx, log); err != nil {
		return "", "", err
	}
	token, err = p.issuer.token(ctx, log, "ada", "1h")
	return url, token, err
}

func bearer(token string) string { return "Authorization: Bearer " + token }

// choices are what a deployment may have and need not. A VPC is not among them: the emulator would need one.
var choices = []string{
	"AllowQueryToken=true",
	"HistoryDays=31",
	"DeletionProtection=true",
	"KmsKeyArn=arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000",
	"AlarmTopic=arn:aws:sns:us-east-1:000000000000:alarms",
	"DomainName=ws.example.com",
	"CertificateArn=arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000",
}

// chosen are the functions that the choices concern.
var chosen = []string{"WsAuthorize", "WsChat", "WsRelay"}

// change shows that these can be chosen later, that just the functions concerned get new versions, and that who may
// connect reaches the version that is called.
func (p production) change(ctx context.Context, log io.Writer) error {
	before, err := p.cloud.versions(ctx)
	if err != nil {
		return err
	}
	if err := p.stack.deploy(ctx, log, append(p.filledIn(), choices...)...); err != nil {
		return fmt.Errorf("deploying the change: %w", err)
	}
	after, err := p.cloud.versions(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(log, "versions before:", before, "after:", after)
	if got := changed(before, after); !slices.Equal(got, chosen) {
		return fmt.Errorf("new versions of %v, want those of %v", got, chosen)
	}
	url, token, err := p.invitation(ctx, log)
	if err != nil {
		return err
	}
	c := p.session(ctx, log)
	defer c.close()
	c.join("ada", url+"?token="+token)
	c.refused(url, http.StatusUnauthorized)
	return c.err
}
