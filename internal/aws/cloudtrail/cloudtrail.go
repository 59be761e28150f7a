// Package cloudtrail asks AWS CloudTrail who wrote the versions of a secret.
//
// The versions themselves are hci/sync/awssm's.
package cloudtrail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hci/internal/aws/client"
)

// Kept is how long CloudTrail keeps what LookupEvents answers.
const Kept = 90 * 24 * time.Hour

// writes are the events that make a version, the most frequent first.
var writes = []string{"PutSecretValue", "CreateSecret", "UpdateSecret"}

const (
	pageSize = 50
	// maxPages bounds how many pages of each event are looked through, of which
	// AWS allows two a second.
	maxPages = 10
	pause    = 500 * time.Millisecond
	// around a version's own time, since the clocks of two services differ.
	around = 5 * time.Minute
)

// DeniedError says that the identity may not look events up.
type DeniedError struct{ Err error }

func (e *DeniedError) Error() string { return "cloudtrail:LookupEvents is not allowed" }

func (e *DeniedError) Unwrap() error { return e.Err }

// errTokenRepeats is a list that would go on for ever.
var errTokenRepeats = errors.New("CloudTrail answered the same NextToken twice")

// wireEvents is an answer of LookupEvents.
//
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
type wireEvents struct {
	Events []struct {
		Username        string
		CloudTrailEvent string
	}
	NextToken string
}

// event is what is read of an event's own JSON.
//
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
type event struct {
	UserIdentity struct {
		ARN       string `json:"arn"`
		InvokedBy string `json:"invokedBy"`
	} `json:"userIdentity"`
	RequestParameters struct {
		Token string `json:"clientRequestToken"` // which becomes the VersionId
	} `json:"requestParameters"`
	ResponseElements struct {
		Version string `json:"versionId"`
	} `json:"responseElements"`
}

// Endpoint is the address of CloudTrail where one is set; "" for AWS's own.
func Endpoint(cfg client.Config) string { return service(cfg).Endpoint() }

func service(cfg client.Config) *client.Client {
	return client.New(cfg, client.Service{
		Host: "cloudtrail", Name: "cloudtrail", Target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", Env: "AWS_ENDPOINT_URL_CLOUDTRAIL", ID: "CloudTrail",
	})
}

// Writers returns who made versions of secrets, by VersionId, as far as CloudTrail
// tells: each with the time at which it was made.
func Writers(ctx context.Context, cfg client.Config, made map[string]time.Time, now time.Time) (map[string]string, error) {
	var from, to time.Time
	for id, at := range made {
		if now.Sub(at) > Kept {
			delete(made, id)
			continue
		}
		if from.IsZero() || at.Before(from) {
			from = at
		}
		if at.After(to) {
			to = at
		}
	}
	found := map[string]string{}
	c := service(cfg)
	for _, name := range writes {
		if len(found) == len(made) {
			break
		}
		if err := lookUp(ctx, c, name, from.Add(-around), to.Add(around), made, found); err != nil {
			return found, err
		}
	}
	return found, nil
}

// lookUp goes through the events of one name.
func lookUp(ctx context.Context, c *client.Client, name string, from, to time.Time, made map[string]time.Time, found map[string]string) error {
	in := map[string]any{
		"LookupAttributes": []any{map[string]string{"AttributeKey": "EventName", "AttributeValue": name}},
		"StartTime":        from.Unix(), "EndTime": to.Unix(), "MaxResults": pageSize,
	}
	for range maxPages {
		out := wireEvents{}
		err := c.Call(ctx, "LookupEvents", in, &out)
		switch {
		case client.Code(err) == "AccessDeniedException":
			return &DeniedError{err}
		case err != nil:
			return fmt.Errorf("LookupEvents failed: %w", err)
		}
		for _, e := range out.Events {
			var one event
			if json.Unmarshal([]byte(e.CloudTrailEvent), &one) != nil {
				continue
			}
			for _, id := range []string{one.RequestParameters.Token, one.ResponseElements.Version} {
				if _, wanted := made[id]; wanted && found[id] == "" {
					found[id] = one.by(e.Username)
				}
			}
		}
		if out.NextToken == "" || len(found) == len(made) {
			return nil
		}
		if out.NextToken == in["NextToken"] {
			return errTokenRepeats
		}
		in["NextToken"] = out.NextToken
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}

// by is who an event is of: the ARN, or the service that acted.
func (e event) by(username string) string {
	switch {
	case e.UserIdentity.ARN != "":
		return e.UserIdentity.ARN
	case e.UserIdentity.InvokedBy != "":
		return e.UserIdentity.InvokedBy
	}
	return username
}
