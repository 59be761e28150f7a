package reader

import "encoding/json"

// ECS reads the members "environment" and "secrets" of a container definition
// (AWS's API reference, KeyValuePair and Secret): arrays of {"name", "value"}
// and {"name", "valueFrom"}.
func ECS(src string) ([]Pair, *Problem) {
	j := newJSONReader(src)
	bad := func(key, summary string) ([]Pair, *Problem) { return nil, j.problem(key, summary) }
	if !j.delim('{') {
		return bad("", "the file is not a JSON object")
	}
	var pairs []Pair
	seen := map[string]bool{}
	for j.more() {
		array, _, ok := j.text()
		field := map[string]string{"environment": "value", "secrets": "valueFrom"}[array]
		if !ok || field == "" || seen[array] {
			return bad("", `a member is not "environment" or "secrets", or is given twice`)
		}
		seen[array] = true
		if !j.delim('[') {
			return bad("", "a member is not an array")
		}
		for j.more() {
			p, problem := j.pair(field)
			if problem != nil {
				return nil, problem
			}
			pairs = append(pairs, p)
		}
		if !j.delim(']') {
			return bad("", "an array is not closed")
		}
	}
	if !j.delim('}') || !j.atEnd() {
		return bad("", "the file is not one JSON object")
	}
	return pairs, nil
}

// pair reads {"name": …, field: …}.
func (j *jsonReader) pair(field string) (Pair, *Problem) {
	var p Pair
	if !j.delim('{') {
		return p, j.problem("", "an element is not an object")
	}
	got := map[string]string{}
	for j.more() {
		name, line, ok := j.text()
		if !ok || name != "name" && name != field {
			return p, j.problem("", `an element has a member that is not "name" or "`+field+`"`)
		}
		if name == "name" {
			p.Line = line
		}
		if _, twice := got[name]; twice {
			return p, j.problem("", "an element has a member twice")
		}
		if got[name], _, ok = j.text(); !ok {
			return p, j.problem("", "a member of an element is not a string")
		}
	}
	if !j.delim(json.Delim('}')) || len(got) != 2 {
		return p, j.problem("", `an element does not have both "name" and "`+field+`"`)
	}
	p.Key = got["name"]
	if field == "value" {
		p.Value = got[field]
	} else {
		p.From = got[field]
	}
	return p, nil
}
