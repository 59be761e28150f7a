package client_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"hci/internal/aws/client"
	"hci/sync/awssm/reach"
)

func TestWhoAmI(t *testing.T) {
	const who = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ann</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	failed := func(code string) string {
		return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>` + code + `</Code><Message>said</Message></Error></ErrorResponse>`
	}
	for _, c := range []struct {
		name        string
		reply       reply
		account     string
		code        string
		credentials bool
	}{
		{"known", reply{status: 200, body: who}, "123456789012", "", false},
		{"expired", reply{status: http.StatusForbidden, body: failed("ExpiredToken")}, "", "ExpiredToken", true},
		{"unknown key", reply{status: http.StatusForbidden, body: failed("InvalidClientTokenId")}, "", "InvalidClientTokenId", true},
		{"bad signature", reply{status: http.StatusForbidden, body: failed("SignatureDoesNotMatch")}, "", "SignatureDoesNotMatch", true},
		{"denied", reply{status: http.StatusForbidden, body: failed("AccessDenied")}, "", "AccessDenied", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &wire{replies: []reply{c.reply}}
			id, err := client.WhoAmI(t.Context(), config(w))
			if id.Account != c.account || client.Code(err) != c.code || errors.Is(err, client.ErrCredentials) != c.credentials || (err == nil) != (c.code == "") {
				t.Errorf("%+v, %v", id, err)
			}
			if c.account != "" && (id.ARN != "arn:aws:iam::123456789012:user/ann" || !strings.Contains(w.bodies[0], "Action=GetCallerIdentity")) {
				t.Errorf("%+v, sent %q", id, w.bodies[0])
			}
		})
	}
}

// TestWhoAmIPage: a network's login page is no answer of AWS, whatever its status.
func TestWhoAmIPage(t *testing.T) {
	_, err := client.WhoAmI(t.Context(), config(&wire{replies: []reply{{status: 200, body: "<html>Sign in</html>"}}}))
	if !errors.Is(err, reach.ErrPage) || strings.Contains(err.Error(), "deserialization") {
		t.Error(err)
	}
}

// TestWhoAmIUnreachable: that the network is gone says nothing of credentials.
func TestWhoAmIUnreachable(t *testing.T) {
	_, err := client.WhoAmI(t.Context(), config(&wire{replies: []reply{{err: io.ErrUnexpectedEOF}}}))
	if err == nil || errors.Is(err, client.ErrCredentials) {
		t.Error(err)
	}
}
