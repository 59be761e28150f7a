package main

import (
	"strings"
	stdsync "sync"
	"testing"

	"hci/internal/testing/fakeaws"
)

// TestDeployStrategies: ECS's own strategies, and their lifecycle hooks, are told as what
// they are, and a deployment is done when they are.
func TestDeployStrategies(t *testing.T) {
	for _, c := range []struct{ name, strategy, stage, says string }{
		{"linear", `"LINEAR","linearConfiguration":{"stepPercent":25,"stepBakeTimeInMinutes":3}`, "PRODUCTION_TRAFFIC_SHIFT", "linear: production traffic shift until "},
		{"canary", `"CANARY","canaryConfiguration":{"canaryPercent":10,"canaryBakeTimeInMinutes":7}`, "PRODUCTION_TRAFFIC_SHIFT", "canary: production traffic shift until "},
		{"a lifecycle hook", `"BLUE_GREEN"`, "POST_TEST_TRAFFIC_SHIFT", "blue/green: post test traffic shift"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, fakeaws.BlueGreen)
			s.held(s.commit())
			hold := make(chan struct{}) // until hci knows the stage
			var once stdsync.Once
			s.player.set(func(p *player) { p.hold = hold })
			s.setRewrite(func(operation string, answer []byte) []byte {
				text := string(answer)
				switch operation {
				case "DescribeServices":
					text = strings.ReplaceAll(text, `"strategy":"BLUE_GREEN"`, `"strategy":`+c.strategy)
				case "DescribeServiceDeployments":
					text = strings.ReplaceAll(text, `"SCALE_UP"`, `"`+c.stage+`"`)
					once.Do(func() { close(hold) })
				}
				return []byte(text)
			})
			s.run("deploy", "update", "staging", "--yes", goOn).is(t, 0, c.says, "hci_web_staging:2 is what runs: 1 of 1 tasks", "hci: deployed\n")
		})
	}
}
