package ecs

import "testing"

// TestCompareText: a difference shows a text as it is, not as JSON writes it.
func TestCompareText(t *testing.T) {
	d := func(image string) *Definition {
		return &Definition{raw: map[string]any{"containerDefinitions": []any{map[string]any{"name": "web", "image": image}}}}
	}
	all := Compare(d("<AWS_ACCOUNT_ID>.dkr.ecr/<ECR_NAME>:latest"), d("a&b"))
	if len(all) != 1 || all[0].String() != "containers.web.image: <AWS_ACCOUNT_ID>.dkr.ecr/<ECR_NAME>:latest → a&b" {
		t.Errorf("%v", all)
	}
}
