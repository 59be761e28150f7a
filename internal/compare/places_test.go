package compare_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"hci/internal/compare"
	"hci/sync/awssm"
	"hci/sync/secret"
)

const oneEnvironment = "environment \"app\" {}\n"

// in declares a secret with a value, by a provider or a region of its own.
func in(label, name, more string) string {
	return fmt.Sprintf("resource \"aws_secretsmanager_secret\" %q {\n  name = %q\n%s}\nresource \"aws_secretsmanager_secret_version\" %q {\n  secret_id = aws_secretsmanager_secret.%s.id\n  secret_string = %q\n%s}\n",
		label, name, more, label, label, "fake-"+label, more)
}

// TestCompareInPlaces: each secret is compared in the region that Terraform
// keeps it in, and one that is in another region only is not there.
func TestCompareInPlaces(t *testing.T) {
	const providers = "provider \"aws\" { region = \"us-west-2\" }\nprovider \"aws\" {\n  alias = \"east\"\n  region = \"us-east-1\"\n}\n"
	for _, c := range []struct {
		name, hcl, code string
		there           map[string]string // "region name": value
		want, where     string
	}{
		{
			name: "two regions, one name", code: providers + in("a", "s", "") + in("b", "s", "  provider = aws.east\n"),
			there: map[string]string{"us-west-2 s": "fake-a", "us-east-1 s": "other"},
			want:  "us-west-2 s in_sync, us-east-1 s change", where: "us-west-2 and us-east-1",
		},
		{
			name: "in the default region only", code: providers + in("b", "s", "  provider = aws.east\n"),
			there: map[string]string{"us-west-2 s": "fake-b"}, want: "us-east-1 s missing", where: "us-east-1",
		},
		{
			name: "the region of the resource", code: providers + in("a", "s", "  region = \"eu-west-1\"\n"),
			there: map[string]string{"us-west-2 s": "fake-a", "eu-west-1 s": "fake-a"}, want: "eu-west-1 s in_sync", where: "eu-west-1",
		},
		{
			name: "hci.hcl names the region", hcl: "environment \"app\" { region = \"eu-west-1\" }\n", code: "provider \"aws\" {}\n" + in("a", "s", ""),
			there: map[string]string{"eu-west-1 s": "fake-a"}, want: "eu-west-1 s in_sync", where: "eu-west-1",
		},
		{
			name: "the code's region, not that of hci.hcl", hcl: "environment \"app\" { region = \"eu-west-1\" }\n", code: providers + in("a", "s", ""),
			there: map[string]string{"us-west-2 s": "fake-a"}, want: "us-west-2 s in_sync", where: "us-west-2",
		},
		{
			name: "hci.hcl settles what is not known", hcl: "environment \"app\" { region = \"eu-west-1\" }\n", code: "data \"aws_region\" \"r\" {}\nprovider \"aws\" { region = data.aws_region.r.name }\n" + in("a", "s", ""),
			there: map[string]string{"eu-west-1 s": "fake-a"}, want: "eu-west-1 s in_sync", where: "eu-west-1",
		},
		{
			name:  "a place that is not known keeps its own secrets back only",
			code:  providers + "data \"aws_region\" \"r\" {}\n" + in("a", "s", "") + in("b", "t", "  region = data.aws_region.r.name\n"),
			there: map[string]string{"us-west-2 s": "fake-a", "us-west-2 t": "fake-b"}, want: "us-west-2 s in_sync, ? t unreadable", where: "us-west-2",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld("us-west-2", "us-east-1", "eu-west-1")
			for at, value := range c.there {
				region, name, _ := strings.Cut(at, " ")
				if err := w.regions[region].Put(name, secret.New(value)); err != nil {
					t.Fatal(err)
				}
			}
			if c.hcl == "" {
				c.hcl = oneEnvironment
			}
			p := write(t, t.TempDir(), map[string]string{"hci.hcl": c.hcl, "main.tf": c.code, "app_secrets.tfvars": "x = 1\n"})
			d, err := w.desired(t, p, "app")
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.session(p).Compare(t.Context(), d, true)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, g := range got.Groups(got.Plan) {
				for _, ch := range g.Plan.Changes {
					region := "?"
					if at := got.At(ch.Place); at != nil {
						region = at.Region
					}
					lines = append(lines, fmt.Sprintf("%s %s %s", region, ch.Name, ch.Kind))
					if ch.Held.Err != nil {
						t.Logf("%s: %v", ch.Name, ch.Held.Err)
					}
				}
			}
			if said := strings.Join(lines, ", "); said != c.want && said != strings.Join(reversed(strings.Split(c.want, ", ")), ", ") {
				t.Errorf("got  %s\nwant %s", said, c.want)
			}
			if where := strings.ReplaceAll(got.Where(), "http://127.0.0.1, ", ""); where != c.where {
				t.Errorf("in %s", where)
			}
		})
	}
}

func reversed(all []string) []string {
	out := make([]string, 0, len(all))
	for i := range all {
		out = append(out, all[len(all)-1-i])
	}
	return out
}

// TestNoRegion: where nothing names a region nothing is guessed, and the error
// says which line to write.
func TestNoRegion(t *testing.T) {
	alias := func(name, region string) string {
		return fmt.Sprintf("provider \"aws\" {\n  alias = %q\n  region = %q\n}\n", name, region)
	}
	for _, c := range []struct{ name, code, next string }{
		{"all agree", alias("a", "eu-north-1") + alias("b", "eu-north-1"), `write region = "eu-north-1" into environment "app" in hci.hcl, or set AWS_REGION`},
		{"they don't agree", alias("a", "eu-north-1") + alias("b", "us-east-1"), `write region = "…" into environment "app" in hci.hcl, or set AWS_REGION`},
		{"there is none", "", `write region = "…" into environment "app" in hci.hcl, or set AWS_REGION`},
	} {
		w := newWorld("eu-north-1")
		p := write(t, t.TempDir(), map[string]string{"hci.hcl": oneEnvironment, "main.tf": c.code + in("s", "s", ""), "app_secrets.tfvars": "x = 1\n"})
		d, err := w.desired(t, p, "app")
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.session(p).Compare(t.Context(), d, false)
		var none *compare.NoRegionError
		if !errors.As(err, &none) || !errors.Is(err, awssm.ErrNoRegion) || !strings.HasSuffix(none.Next(), c.next) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
