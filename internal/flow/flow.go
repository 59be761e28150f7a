// Package flow shows how values get from a sealed file to a container: which
// variable goes into which secret, which container takes it under which key, and
// which role may read it. It knows names, never values. What is wrong in the code is
// found by internal/lint; here it is only put where it belongs.
package flow

import (
	"slices"
	"strings"

	"hci/tfvars/module"
)

// Kind is what a node is.
type Kind string

// The kinds, in the order in which values flow.
const (
	File     Kind = "file"
	Variable Kind = "variable"
	Secret   Kind = "secret"
	Key      Kind = "key"
	Role     Kind = "role"
)

// Kinds are all of them.
var Kinds = []Kind{File, Variable, Secret, Key, Role}

// Node is one thing that values flow through.
type Node struct {
	ID    string
	Kind  Kind
	Label string
	Marks []string // what is wrong with it
}

// Map is the flow of an environment.
type Map struct {
	Nodes []Node // by kind; those of a kind sorted by label
	next  map[string][]string
}

// Input is what a map is made of.
type Input struct {
	File      string   // the sealed file
	Marks     []string // what is wrong with it
	Variables []module.Variable
	Evaluated *module.Evaluated
	// Wrong returns what was found at a place of the code.
	Wrong func(file string, line int) []string
}

// New draws the map.
func New(in Input) *Map {
	m := &Map{next: map[string][]string{}}
	m.add(Node{ID: "file", Kind: File, Label: in.File, Marks: in.Marks})
	sensitive := map[string]bool{}
	for _, v := range in.Variables {
		if sensitive[v.Name] = v.Sensitive; v.Sensitive {
			m.add(Node{ID: "var." + v.Name, Kind: Variable, Label: "var." + v.Name, Marks: in.Wrong(v.File, v.Line)})
			m.link("file", "var."+v.Name)
		}
	}
	regions := map[string]string{}
	for _, s := range in.Evaluated.Secrets {
		label := s.Name
		if label == "" {
			label = s.Address
		}
		regions[s.Address] = s.Place.Region
		m.add(Node{ID: s.Address, Kind: Secret, Label: label, Marks: in.Wrong(s.File, s.Line)})
		for _, name := range s.Variables {
			if !sensitive[name] {
				m.add(Node{ID: "var." + name, Kind: Variable, Label: "var." + name})
			}
			m.link("var."+name, s.Address)
		}
	}
	for _, t := range in.Evaluated.Tasks {
		for _, c := range t.Containers {
			m.container(in, t, c, regions)
		}
	}
	m.finish()
	return m
}

// container adds the keys that a container takes from secrets, or plainly from
// sensitive variables.
func (m *Map) container(in Input, t module.Task, c module.Container, regions map[string]string) {
	_, task, _ := strings.Cut(t.Address, "aws_ecs_task_definition.")
	key := func(name, file string, line int, marks ...string) string {
		id := task + "/" + c.Name + "/" + name
		m.add(Node{ID: id, Kind: Key, Label: name + " (" + task + ")", Marks: append(marks, in.Wrong(file, line)...)})
		return id
	}
	for _, e := range c.Environment {
		if !e.Sensitive {
			continue
		}
		id := key(e.Name, e.File, e.Line)
		for _, name := range e.Variables {
			m.link("var."+name, id)
		}
	}
	for _, ref := range c.Secrets {
		if ref.Secret == "" {
			key(ref.Name, ref.File, ref.Line, "its secret is declared elsewhere")
			continue
		}
		var marks []string
		if r := regions[ref.Secret]; r != "" && t.Place.Region != "" && r != t.Place.Region {
			marks = append(marks, "the secret is in "+r+", the task in "+t.Place.Region)
		}
		id := key(ref.Name, ref.File, ref.Line, marks...)
		m.link(ref.Secret, id)
		if t.ExecutionRole != "" {
			role := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(t.ExecutionRole, "${"), "}"), ".arn")
			m.add(Node{ID: "role " + role, Kind: Role, Label: role})
			m.link(id, "role "+role)
		}
	}
}

// add adds a node once.
func (m *Map) add(n Node) {
	if i := slices.IndexFunc(m.Nodes, func(o Node) bool { return o.ID == n.ID }); i >= 0 {
		m.Nodes[i].Marks = append(m.Nodes[i].Marks, n.Marks...)
		return
	}
	m.Nodes = append(m.Nodes, n)
}

func (m *Map) link(from, to string) {
	if !slices.Contains(m.next[from], to) {
		m.next[from] = append(m.next[from], to)
	}
}

// finish sorts the nodes, drops links to nothing, and marks what leads nowhere.
func (m *Map) finish() {
	slices.SortStableFunc(m.Nodes, func(a, b Node) int {
		if a.Kind != b.Kind {
			return slices.Index(Kinds, a.Kind) - slices.Index(Kinds, b.Kind)
		}
		return strings.Compare(a.Label, b.Label)
	})
	order := map[string]int{}
	for i, n := range m.Nodes {
		order[n.ID] = i
	}
	for from, to := range m.next {
		to = slices.DeleteFunc(to, func(id string) bool { _, ok := order[id]; return !ok })
		slices.SortFunc(to, func(a, b string) int { return order[a] - order[b] })
		m.next[from] = to
	}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		slices.Sort(n.Marks)
		n.Marks = slices.Compact(n.Marks)
		if n.Kind == Variable && len(m.next[n.ID]) == 0 {
			n.Marks = append(n.Marks, "in no secret and no container")
		}
	}
}

// Next returns the nodes that values flow to from one.
func (m *Map) Next(id string) []Node {
	var all []Node
	for _, to := range m.next[id] {
		all = append(all, m.Nodes[slices.IndexFunc(m.Nodes, func(n Node) bool { return n.ID == to })])
	}
	return all
}
