package module

import (
	"encoding/base64"
	"fmt"
	"maps"
	"regexp"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyconvert "github.com/zclconf/go-cty/cty/convert"
)

// argument evaluates an argument of a block; ok is false if it is not there or
// null.
func (r *reader) argument(b block, name string) (v cty.Value, ok bool) {
	v = b.in.Argument(b.res, b.rep, name)
	if v == cty.NilVal {
		return v, false
	}
	bare, _ := v.Unmark()
	return v, !bare.IsNull()
}

// text converts a value to text, without its marks; it may be unknown. A value
// that is none is reported, and ok is false.
func (r *reader) text(v cty.Value, at hcl.Range, name string) (text cty.Value, ok bool) {
	v, _ = v.Unmark()
	text, err := ctyconvert.Convert(v, cty.String)
	if err != nil || text.IsNull() {
		r.graph.Report(fmt.Sprintf("%s must be a string", name), at)
		return cty.NilVal, false
	}
	return text, true
}

// known returns an argument's text if it is known.
func (r *reader) known(b block, name string) (text string, ok bool) {
	v, ok := r.argument(b, name)
	if !ok {
		return "", false
	}
	v, ok = r.text(v, b.res.Attrs[name].Range(), name)
	if !ok || !v.IsKnown() {
		return "", false
	}
	return v.AsString(), true
}

// tags returns the block's tags whose values are known, and the provider's;
// unknown tells that there are others.
func (r *reader) tags(b block, p Place) (tags map[string]string, unknown bool) {
	tags, unknown = maps.Clone(p.Tags), p.TagsUnknown
	v, ok := r.argument(b, "tags")
	if !ok {
		return tags, unknown
	}
	own := knownTags(v)
	v, _ = v.UnmarkDeep()
	if tags == nil {
		return own, unknown || !v.IsWhollyKnown()
	}
	maps.Copy(tags, own)
	return tags, unknown || !v.IsWhollyKnown()
}

// knownTags returns the tags of a value whose values are known.
func knownTags(v cty.Value) map[string]string {
	v, _ = v.UnmarkDeep()
	v, err := ctyconvert.Convert(v, cty.Map(cty.String))
	if err != nil || !v.IsKnown() || v.IsNull() {
		return nil
	}
	tags := map[string]string{}
	for it := v.ElementIterator(); it.Next(); {
		if key, val := it.Element(); val.IsKnown() && !val.IsNull() {
			tags[key.AsString()] = val.AsString()
		}
	}
	return tags
}

// prefix returns the beginning of an unknown text, as far as it is known.
func prefix(v cty.Value) string {
	v, _ = v.Unmark()
	if v.Type() != cty.String || v.IsKnown() {
		return ""
	}
	return v.Range().StringPrefix()
}

// secretARN is the form of a secret's ARN: partition, region, account, name, and
// six characters that AWS adds.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html
var secretARN = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^arn:([^:]*):secretsmanager:([^:]*):([^:]*):secret:(.+?)(-[A-Za-z0-9]{6})?$`)
})

// arn is what a secret's ARN tells.
type arn struct{ partition, region, account, name string }

// parseARN takes a secret's ARN apart.
func parseARN(text string) (arn, bool) {
	m := secretARN().FindStringSubmatch(text)
	if m == nil {
		return arn{}, false
	}
	return arn{partition: m[1], region: m[2], account: m[3], name: m[4]}, true
}

// decoded returns the bytes that secret_binary, in base64, stands for.
func decoded(text string) (string, bool) {
	data, err := base64.StdEncoding.DecodeString(text)
	return string(data), err == nil
}
