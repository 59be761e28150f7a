package project

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// RotateAfter says how old values may get, by name; "*" is every other name.
type RotateAfter map[string]time.Duration

// everyName is all names that have no age of their own.
const everyName = "*"

// Of is how old the value of a name may get; 0 is as old as it likes.
func (r RotateAfter) Of(name string) time.Duration {
	if age, ok := r[name]; ok {
		return age
	}
	return r[everyName]
}

// Unknown are the names with an age of their own that are none of those.
func (r RotateAfter) Unknown(names []string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(r)) {
		if name != everyName && !slices.Contains(names, name) {
			all = append(all, name)
		}
	}
	return all
}

var agePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9]{1,5})([dw])$`) })

// ParseAge reads a number of days or weeks, such as 90d or 12w.
func ParseAge(text string) (time.Duration, error) {
	m := agePattern().FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is no age: write days or weeks, such as 90d or 12w", text)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, err
	}
	day := 24 * time.Hour
	if m[2] == "w" {
		day *= 7
	}
	return time.Duration(n) * day, nil
}

// rotateValue reads an age for all names, or an object of ages by name.
func rotateValue(v cty.Value) (RotateAfter, error) {
	if v.Type() == cty.String {
		age, err := ParseAge(v.AsString())
		return RotateAfter{everyName: age}, err
	}
	if !v.Type().IsObjectType() {
		return nil, errors.New(`must be an age such as "90d", or ages by name: { db_password = "90d" }`)
	}
	all := RotateAfter{}
	for name, each := range v.AsValueMap() {
		if each.IsNull() || each.Type() != cty.String {
			return nil, fmt.Errorf("%q must be an age such as \"90d\"", name)
		}
		age, err := ParseAge(each.AsString())
		if err != nil {
			return nil, err
		}
		all[name] = age
	}
	return all, nil
}
