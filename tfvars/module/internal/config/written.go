package config

import "cmp"

// Written is an argument that comes back as it was written: after an apply, the
// attribute of its name has this value and no other. Most arguments are not of
// this kind. Providers fill in what is not given, shorten versions, reorder
// policies, fold case, hash user data; so the arguments that are known to be
// are listed, and everything else is unknown.
//
// An argument may stand here if the AWS provider's documentation calls it a name
// or a port of the resource's own, and its schema has neither a StateFunc nor a
// DiffSuppressFunc for it, or one that only folds case and drops a final dot
// (Folded).
//
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs
type Written struct {
	Name string
	// Of is the argument, where the attribute has another name: the
	// documentation says that a bucket's id is its name.
	Of string
	// Folded: the provider keeps it in lower case and without a final dot.
	Folded bool
	// Sensitive: the provider's schema says so.
	Sensitive bool
	// Number: it is one, a string otherwise.
	Number bool
	// Inherited: a database that is restored from a snapshot or replicates
	// another has that one's.
	Inherited bool
}

var (
	name       = Written{Name: "name"}
	port       = Written{Name: "port", Number: true}
	dnsName    = Written{Name: "name", Folded: true}
	domainName = Written{Name: "domain_name", Folded: true}
	clusterID  = Written{Name: "cluster_identifier"}
	masterUser = Written{Name: "master_username", Inherited: true}
	masterPass = Written{Name: "master_password", Sensitive: true}
	authToken  = Written{Name: "auth_token", Sensitive: true}
)

// written lists the arguments by the type of their managed resource.
var written = map[string][]Written{
	"aws_db_instance": {
		{Name: "identifier"}, {Name: "db_name", Inherited: true}, {Name: "username", Inherited: true},
		{Name: "password", Sensitive: true}, port, {Name: "engine", Folded: true},
	},
	"aws_rds_cluster":      {clusterID, {Name: "database_name", Inherited: true}, masterUser, masterPass, port},
	"aws_docdb_cluster":    {clusterID, masterUser, masterPass, port},
	"aws_neptune_cluster":  {clusterID, port},
	"aws_redshift_cluster": {clusterID, {Name: "database_name", Inherited: true}, masterUser, masterPass, port},

	"aws_elasticache_cluster":           {{Name: "cluster_id", Folded: true}, port},
	"aws_elasticache_replication_group": {{Name: "replication_group_id", Folded: true}, port, authToken},
	"aws_memorydb_cluster":              {name, port},

	"aws_s3_bucket":                        {{Name: "bucket"}, {Name: "id", Of: "bucket"}},
	"aws_dynamodb_table":                   {name, {Name: "id", Of: "name"}},
	"aws_sqs_queue":                        {name},
	"aws_sns_topic":                        {name},
	"aws_kinesis_stream":                   {name},
	"aws_kinesis_firehose_delivery_stream": {name},
	"aws_cloudwatch_event_bus":             {name},
	"aws_cloudwatch_event_rule":            {name, {Name: "id", Of: "name"}},
	"aws_scheduler_schedule_group":         {name},
	"aws_cloudwatch_log_group":             {name},
	"aws_sfn_state_machine":                {name},
	"aws_mq_broker":                        {{Name: "broker_name"}},
	"aws_msk_cluster":                      {{Name: "cluster_name"}},
	"aws_opensearch_domain":                {{Name: "domain_name"}},
	"aws_elasticsearch_domain":             {{Name: "domain_name"}},

	"aws_ecs_cluster":     {name},
	"aws_ecs_service":     {name},
	"aws_ecr_repository":  {name},
	"aws_lambda_function": {{Name: "function_name"}},
	"aws_iam_role":        {name},
	"aws_iam_user":        {name},
	"aws_kms_alias":       {name},

	"aws_cognito_user_pool":        {name},
	"aws_cognito_user_pool_client": {name},
	"aws_cognito_user_pool_domain": {{Name: "domain"}},

	"aws_lb":              {name},
	"aws_lb_target_group": {name, port},
	"aws_lb_listener":     {port},
	"aws_vpc":             {{Name: "cidr_block"}},

	"aws_route53_zone":                            {dnsName},
	"aws_route53_record":                          {dnsName},
	"aws_acm_certificate":                         {domainName},
	"aws_apigatewayv2_domain_name":                {domainName},
	"aws_api_gateway_domain_name":                 {domainName},
	"aws_ses_domain_identity":                     {{Name: "domain", Folded: true}},
	"aws_service_discovery_service":               {dnsName},
	"aws_service_discovery_private_dns_namespace": {dnsName},
}

// WrittenAs returns which argument of a managed resource an attribute repeats; ok
// is false if it may be something else.
func WrittenAs(r *Resource, attribute string) (w Written, ok bool) {
	if r.Mode != Managed {
		return Written{}, false
	}
	for _, w := range written[r.Type] {
		if w.Name == attribute {
			w.Of = cmp.Or(w.Of, w.Name)
			return w, true
		}
	}
	return Written{}, false
}

// origins are the arguments, and restoreBlock the block, that say which other
// database one begins as.
var origins = []string{"snapshot_identifier", "replicate_source_db", "replication_source_identifier", "source_db_cluster_identifier"}

const restoreBlock = "restore_to_point_in_time"

// Origins returns the arguments of a type that say which other database one
// begins as.
func Origins(typ string) []string {
	for _, w := range written[typ] {
		if w.Inherited {
			return origins
		}
	}
	return nil
}

// writtenNames returns the arguments that are read of a managed resource for
// the sake of those who refer to them.
func writtenNames(mode Mode, typ string) []string {
	if mode != Managed {
		return nil
	}
	var names []string
	for _, w := range written[typ] {
		names = append(names, cmp.Or(w.Of, w.Name))
	}
	return append(names, Origins(typ)...)
}
