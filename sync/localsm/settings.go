package localsm

import (
	"encoding/json"
	"slices"
	"strings"
)

// settings are what a secret has besides values, description and tags. Nothing
// is done with them but to give them back: no function rotates, no other region
// gets a copy, and no policy is enforced.
type settings struct {
	policy   string
	replicas []replica
	rotates  bool
	lambda   string
	rules    json.RawMessage
	owner    string // the service that manages it
	primary  string // the region that it is a replica of
}

type replica struct {
	Region   string
	KmsKeyID string `json:"KmsKeyId,omitempty"`
	Status   string `json:",omitempty"`
}

// KMSKey sets the secret's key.
func KMSKey(id string) SeedOption { return func(e *entry) { e.setKMSKey(id) } }

// Policy sets the secret's resource policy.
func Policy(text string) SeedOption { return func(e *entry) { e.policy = text } }

// Replicas sets the regions that the secret is replicated to.
func Replicas(regions []string) SeedOption {
	return func(e *entry) {
		e.replicas = nil
		for _, region := range regions {
			e.replicas = append(e.replicas, replica{Region: region, Status: "InSync"})
		}
	}
}

// Rotated has a function rotate the secret.
func Rotated(lambdaARN string) SeedOption {
	return func(e *entry) { e.rotates, e.lambda = true, lambdaARN }
}

// OwnedBy makes the secret one that another service manages.
func OwnedBy(service string) SeedOption { return func(e *entry) { e.owner = service } }

// ReplicaOf makes the secret a replica of one in another region.
func ReplicaOf(region string) SeedOption { return func(e *entry) { e.primary = region } }

// settingsOut is what DescribeSecret and ListSecrets say of them.
type settingsOut struct {
	RotationEnabled   *bool           `json:",omitempty"`
	RotationLambdaARN string          `json:",omitempty"`
	RotationRules     json.RawMessage `json:",omitempty"`
	OwningService     string          `json:",omitempty"`
	PrimaryRegion     string          `json:",omitempty"`
	ReplicationStatus []replica       `json:",omitempty"`
}

func (e *entry) settingsOut(region string) settingsOut {
	out := settingsOut{RotationLambdaARN: e.lambda, RotationRules: e.rules, OwningService: e.owner, PrimaryRegion: e.primary, ReplicationStatus: slices.Clone(e.replicas)}
	if e.rotates || e.lambda != "" {
		out.RotationEnabled = &e.rotates
	}
	if len(e.replicas) > 0 {
		out.PrimaryRegion = region
	}
	return out
}

const maxPolicy = 20480

type policyOut struct {
	secretRef
	ResourcePolicy string `json:",omitempty"`
}

func (c *call) getResourcePolicy() (any, *fault) {
	e, err := c.known(c.p.secretID())
	if err != nil {
		return nil, err
	}
	return policyOut{e.ref(), e.policy}, nil
}

func (c *call) policyText() string {
	c.p.need("ResourcePolicy")
	text := c.p.text("ResourcePolicy", 1, maxPolicy)
	var object map[string]json.RawMessage
	if c.p.bad == nil && len(c.p.broken) == 0 && json.Unmarshal([]byte(text), &object) != nil {
		c.p.bad = fail("MalformedPolicyDocumentException", "This resource policy contains invalid Json syntax.")
	}
	return text
}

func (c *call) putResourcePolicy() (any, *fault) {
	id := c.p.secretID()
	text := c.policyText()
	e, err := c.live(id)
	if err != nil {
		return nil, err
	}
	e.policy, e.changed = text, c.now
	return e.ref(), nil
}

func (c *call) deleteResourcePolicy() (any, *fault) {
	e, err := c.live(c.p.secretID())
	if err != nil {
		return nil, err
	}
	e.policy, e.changed = "", c.now
	return e.ref(), nil
}

// validateResourcePolicy looks at the syntax only: what a policy lets whom do is
// not evaluated here.
func (c *call) validateResourcePolicy() (any, *fault) {
	c.policyText()
	if err := c.p.verdict(); err != nil {
		return nil, err
	}
	return struct {
		PolicyValidationPassed bool
		ValidationErrors       []struct{}
	}{true, []struct{}{}}, nil
}

// rotateSecret sets the rotation up. No function runs, so the value stays.
func (c *call) rotateSecret() (any, *fault) {
	id := c.p.secretID()
	token := c.p.text("ClientRequestToken", minToken, maxToken)
	lambda := c.p.text("RotationLambdaARN", 0, maxID)
	var rules json.RawMessage
	c.p.read("RotationRules", &rules)
	e, err := c.live(id)
	if err != nil {
		return nil, err
	}
	if pending, current := e.holder("AWSPENDING"), e.holder(labelCurrent); pending != nil && pending != current {
		return nil, fail(invalidRequest, "A previous rotation isn't complete. That rotation will be reattempted.")
	}
	if lambda == "" && e.lambda == "" && e.owner == "" {
		return nil, fail(invalidRequest, "No Lambda rotation function ARN is associated with this secret.")
	}
	if lambda != "" {
		e.lambda = lambda
	}
	if rules != nil {
		e.rules = rules
	}
	e.rotates, e.changed = true, c.now
	if token == "" {
		token = newUUID()
	}
	return writeOut{e.ref(), token}, nil
}

func (c *call) cancelRotateSecret() (any, *fault) {
	e, err := c.live(c.p.secretID())
	if err != nil {
		return nil, err
	}
	e.rotates, e.changed = false, c.now
	out := writeOut{e.ref(), ""}
	if v := e.holder(labelCurrent); v != nil {
		out.VersionID = v.id
	}
	return out, nil
}

// newReplicas reads AddReplicaRegions.
func (c *call) newReplicas() []replica {
	var list []replica
	c.p.read("AddReplicaRegions", &list)
	for i := range list {
		c.p.checked(list[i].Region, "addReplicaRegions.member.region", 1, 128)
		list[i].Status = "InSync"
	}
	return list
}

func (e *entry) replicate(own string, list []replica) *fault {
	for _, r := range list {
		if r.Region == own {
			return fail(invalidParameter, "Invalid replica region.")
		}
		e.replicas = slices.DeleteFunc(e.replicas, func(old replica) bool { return old.Region == r.Region })
		e.replicas = append(e.replicas, r)
	}
	slices.SortFunc(e.replicas, func(a, b replica) int { return strings.Compare(a.Region, b.Region) })
	return nil
}

type replicationOut struct {
	ARN               string
	ReplicationStatus []replica
}

func (c *call) replicateSecretToRegions() (any, *fault) {
	id := c.p.secretID()
	c.p.need("AddReplicaRegions")
	list := c.newReplicas()
	e, err := c.live(id)
	if err != nil {
		return nil, err
	}
	if err := e.replicate(c.o.Region, list); err != nil {
		return nil, err
	}
	e.changed = c.now
	return replicationOut{e.arn, slices.Clone(e.replicas)}, nil
}

func (c *call) removeRegionsFromReplication() (any, *fault) {
	id := c.p.secretID()
	c.p.need("RemoveReplicaRegions")
	regions := c.p.texts("RemoveReplicaRegions", maxLabels, 1, 128)
	e, err := c.live(id)
	if err != nil {
		return nil, err
	}
	e.replicas = slices.DeleteFunc(e.replicas, func(r replica) bool { return slices.Contains(regions, r.Region) })
	e.changed = c.now
	return replicationOut{e.arn, slices.Clone(e.replicas)}, nil
}

func (c *call) stopReplicationToReplica() (any, *fault) {
	e, err := c.live(c.p.secretID())
	if err != nil {
		return nil, err
	}
	if e.primary == "" {
		return nil, fail(invalidRequest, "Operation not permitted on a primary secret. Call must be made in replica region.")
	}
	e.primary, e.changed = "", c.now
	return struct{ ARN string }{e.arn}, nil
}
