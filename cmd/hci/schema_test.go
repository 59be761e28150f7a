package main

import (
	"bytes"
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"hci/internal/aws/ecs"
	"hci/internal/lint"
	"hci/internal/trust"
)

const schemas = "../../docs/schema"

// reported are the reports of each command, by the name that the envelope gives:
// several where a flag, or what is found, makes another. "error" is what any of them
// writes when it fails before it reports.
var reported = map[string][]any{
	"secrets list": {[]listed{}}, "secrets verify": {[]*lint.Report{}}, "secrets decrypt": {[]fileReport{}}, "secrets encrypt": {[]fileReport{}},
	"secrets rekey": {[]fileReport{}}, "secrets set": {[]fileReport{}}, "secrets unset": {[]fileReport{}}, "secrets rename": {[]fileReport{}},
	"secrets copy": {[]fileReport{}}, "secrets edit": {[]fileReport{}}, "secrets merge": {[]fileReport{}}, "secrets history": {secretHistoryReport{}},
	"secrets diff": {planReport{}, withReport{}, revReport{}}, "secrets push": {pushReport{}, planReport{}}, "secrets pull": {pullReport{}},
	"secrets rollback": {pushReport{}, planReport{}}, "secrets status": {statusReport{}}, "secrets repair": {repairReport{}}, "secrets age": {ageReport{}}, "secrets log": {logReport{}},
	"env check": {checkReport{}}, "env explain": {explainReport{}}, "env import": {importReport{}}, "check": {checkedReport{}}, "doctor": {doctorReport{}},
	"deploy": {namesReport{}, deployEvent{}}, "deploy migrate": {deployEvent{}}, "deploy build": {deployEvent{}}, "deploy push": {deployEvent{}}, "deploy update": {deployEvent{}}, "deploy status": {ecs.Service{}, servicesReport{}}, "deploy history": {historyReport{}, historiesReport{}},
	"team list": {membersReport{}}, "team offboarding": {offboardingReport{}}, "team log": {teamLogReport{}}, "trust": {[]trustable{}, []trust.Pin{}},
	"version": {versionReport{}}, "error": {errorReport{}},
}

type schema map[string]any

// schemaOf describes what encoding/json writes for a type.
func schemaOf(t reflect.Type) schema {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return schema{"type": "string", "format": "date-time"}
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		return schema{}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return schema{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice, reflect.Array:
		return schema{"type": []any{"array", "null"}, "items": schemaOf(t.Elem())}
	case reflect.Map:
		return schema{"type": []any{"object", "null"}, "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		s := schema{"type": "object", "properties": map[string]any{}, "required": []any{}}
		fields(t, s)
		return s
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return schema{"type": "number"}
	case reflect.Interface:
		return schema{}
	default:
		return schema{"type": "integer"}
	}
}

// fields adds the fields of a struct, those of what it embeds as its own.
func fields(t reflect.Type, s schema) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		embedded := f.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		switch {
		case f.Anonymous && name == "" && embedded.Kind() == reflect.Struct:
			fields(embedded, s)
			continue
		case !f.IsExported() || name == "-":
			continue
		case name == "":
			name = f.Name
		}
		s["properties"].(map[string]any)[name] = schemaOf(f.Type)
		if options != "omitempty" && options != "omitzero" {
			s["required"] = append(s["required"].([]any), name)
		}
	}
}

// enveloped is the schema of what a command prints.
func enveloped(command string, reports []any) schema {
	var all []any
	for _, report := range reports {
		all = append(all, envelope(report))
	}
	s := schema{"anyOf": all}
	if len(all) == 1 {
		s = all[0].(schema)
	}
	s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", "hci "+command+" --json"
	return s
}

// envelope is the schema of one report in its envelope.
func envelope(report any) schema {
	s := schemaOf(reflect.TypeOf(report))
	if reflect.TypeOf(report).Kind() == reflect.Slice {
		s["type"] = "array"
		s = schema{"type": "object", "properties": map[string]any{"items": s}, "required": []any{"items"}}
	}
	properties := s["properties"].(map[string]any)
	properties["schema"], properties["command"] = schema{"const": envelopeSchema}, schema{"type": "string"}
	failure := schemaOf(reflect.TypeFor[errorReport]())["properties"].(map[string]any)
	for name, one := range failure { // where it failed all the same
		if properties[name] == nil {
			properties[name] = one
		}
	}
	required := []any{"schema", "command"}
	for _, name := range s["required"].([]any) {
		if name != "schema" {
			required = append(required, name)
		}
	}
	s["required"] = required
	return s
}

// TestReadmeSchemas holds docs/schema against the reports.
func TestReadmeSchemas(t *testing.T) {
	left, err := filepath.Glob(filepath.Join(schemas, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for command, report := range reported {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetIndent("", "  ")
		if err := enc.Encode(enveloped(command, report)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(schemas, strings.ReplaceAll(command, " ", "-")+".json")
		left = slices.DeleteFunc(left, func(p string) bool { return p == path })
		if old, _ := os.ReadFile(path); bytes.Equal(old, want.Bytes()) {
			continue
		}
		if !*update {
			t.Errorf("%s is not what 'hci %s --json' writes; run with -update", path, command)
			continue
		}
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range left {
		t.Errorf("%s is the schema of no command", path)
	}
}

// TestEveryReportHasASchema walks the commands: each with --json stands in the table,
// and each in the table has --json.
func TestEveryReportHasASchema(t *testing.T) {
	with := []string{"error"}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Flags().Lookup("json") != nil {
			with = append(with, commandName(cmd))
		}
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(documented())
	slices.Sort(with)
	if have := slices.Sorted(maps.Keys(reported)); !slices.Equal(have, with) {
		t.Errorf("schemas for %v\ncommands with --json: %v", have, with)
	}
}

// valid checks a document against a schema of the words that this package writes.
func valid(s map[string]any, v any, at string) error {
	if choices, ok := s["anyOf"].([]any); ok {
		var all []error
		for _, one := range choices {
			err := valid(one.(map[string]any), v, at)
			if err == nil {
				return nil
			}
			all = append(all, err)
		}
		return errors.Join(all...)
	}
	if want, ok := s["const"]; ok && fmt.Sprint(want) != fmt.Sprint(v) {
		return fmt.Errorf("%s is not %v", at, want)
	}
	if kinds := s["type"]; kinds != nil && !strings.Contains(fmt.Sprint(kinds), kindName(v)) && !(kindName(v) == "integer" && kinds == "number") {
		return fmt.Errorf("%s is %s, not %v", at, kindName(v), kinds)
	}
	switch v := v.(type) {
	case []any:
		items, _ := s["items"].(map[string]any)
		for i, one := range v {
			if err := valid(items, one, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				return fmt.Errorf("%s lacks %v", at, name)
			}
		}
		more, _ := s["additionalProperties"].(map[string]any)
		for name, one := range v {
			inner, known := properties[name].(map[string]any)
			if !known && more == nil && properties != nil {
				return fmt.Errorf("%s has %s, which the schema does not know", at, name)
			}
			if !known {
				inner = more
			}
			if err := valid(inner, one, at+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

func kindName(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
	}
	return "number"
}

// TestSchemasHold runs commands that need no AWS on the sample project, and
// validates what they print. No path in it is absolute.
func TestSchemasHold(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/project")); err != nil {
		t.Fatal(err)
	}
	environ := append(os.Environ(), "HCI_PASSPHRASE=correct horse battery staple", "XDG_STATE_HOME="+t.TempDir())
	if err := os.WriteFile(filepath.Join(dir, "hci.hcl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x.env"), []byte("HCI_RDS_PASSWORD=new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"secrets list staging", "secrets verify", "secrets decrypt staging", "secrets encrypt staging", "secrets unset staging hci_sentry_dsn --dry-run",
		"secrets rename staging hci_sentry_dsn sentry --dry-run", "secrets rekey staging --keep-passphrase --iterations 20000", "env check staging --file x.env",
		"env explain staging HCI_RDS_PASSWORD", "env import staging x.env --dry-run", "check staging", "version", "secrets list nowhere", "trust --list", "trust",
		"secrets copy staging production hci_sentry_dsn --dry-run", "doctor --offline", "team list", "deploy staging --explain", "secrets push staging --dry-run",
	} {
		t.Run(line, func(t *testing.T) {
			var out bytes.Buffer
			run(context.Background(), append([]string{"-C", dir}, strings.Fields(line+" --json")...), streams{in: strings.NewReader(""), out: &out, err: &bytes.Buffer{}}, environ)
			var v map[string]any
			if err := json.Unmarshal(out.Bytes(), &v); err != nil {
				t.Fatalf("%v: %s", err, out.Bytes())
			}
			name := fmt.Sprint(v["command"])
			if v["exit_code"] != nil && len(v) == 5 { // nothing but the envelope and the failure
				name = "error"
			}
			data, err := os.ReadFile(filepath.Join(schemas, strings.ReplaceAll(name, " ", "-")+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var s map[string]any
			if err := json.Unmarshal(data, &s); err != nil {
				t.Fatal(err)
			}
			if err := valid(s, v, name); err != nil {
				t.Error(err)
			}
			if bytes.Contains(out.Bytes(), []byte(`"`+dir)) {
				t.Errorf("an absolute path: %s", out.Bytes())
			}
		})
	}
}
