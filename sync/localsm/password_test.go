package localsm_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"hci/sync/localsm"
)

const (
	lower       = "abcdefghijklmnopqrstuvwxyz"
	upper       = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits      = "0123456789"
	punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

func TestRandomPassword(t *testing.T) {
	_, c := start(t, localsm.Options{})
	yes, no := aws.Bool(true), aws.Bool(false)
	type input = secretsmanager.GetRandomPasswordInput
	tests := []struct {
		name   string
		in     input
		length int
		types  []string
	}{
		{"default", input{}, 32, []string{lower, upper, digits, punctuation}},
		{"short", input{PasswordLength: aws.Int64(4)}, 4, []string{lower, upper, digits, punctuation}},
		{"with space", input{PasswordLength: aws.Int64(5), IncludeSpace: yes}, 5, []string{lower, upper, digits, punctuation, " "}},
		{"digits", input{PasswordLength: aws.Int64(1), ExcludeLowercase: yes, ExcludeUppercase: yes, ExcludePunctuation: yes}, 1, []string{digits}},
		{"long", input{PasswordLength: aws.Int64(4096), ExcludeNumbers: yes}, 4096, []string{lower, upper, punctuation}},
		{"a type excluded by characters", input{PasswordLength: aws.Int64(3), ExcludeCharacters: aws.String(digits + "abcxyz\"\\")}, 3, []string{"defghijklmnopqrstuvw", upper, "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 50 {
				got := *must(c.GetRandomPassword(ctx, &tt.in))(t).RandomPassword
				if len(got) != tt.length || strings.Trim(got, strings.Join(tt.types, "")) != "" {
					t.Fatalf("%q: %d characters", got, len(got))
				}
				for _, set := range tt.types {
					if !strings.ContainsAny(got, set) {
						t.Fatalf("%q has none of %q", got, set)
					}
				}
			}
		})
	}
	one := *must(c.GetRandomPassword(ctx, &input{PasswordLength: aws.Int64(1), RequireEachIncludedType: no}))(t).RandomPassword
	if len(one) != 1 {
		t.Errorf("%d characters", len(one))
	}
	_, err := c.GetRandomPassword(ctx, &input{PasswordLength: aws.Int64(3)})
	wantError[*types.InvalidParameterException](t, err, "Password length is too short based on the required types.")
	_, err = c.GetRandomPassword(ctx, &input{ExcludeLowercase: yes, ExcludeUppercase: yes, ExcludePunctuation: yes, ExcludeNumbers: yes})
	wantError[*types.InvalidParameterException](t, err, "The parameters exclude every character that a password could hold.")
	for _, n := range []int64{0, -1, 4097} {
		_, err = c.GetRandomPassword(ctx, &input{PasswordLength: &n})
		wantCode(t, err, "ValidationException", "")
	}
}
