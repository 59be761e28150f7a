//go:build interop

package localsm_test

import (
	"os/exec"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

// TestInteropParametersBoto3: boto3 reads and writes the embedded Parameter Store,
// with the errors that it has types for.
func TestInteropParametersBoto3(t *testing.T) {
	python := interop.Need(t, "python3")
	_, env := serveForInterop(t)
	if exec.Command(python, "-c", "import boto3").Run() != nil {
		interop.Missing(t, "boto3", "python3 has no boto3")
	}
	cmd := exec.Command(python, "-")
	cmd.Env = env
	cmd.Stdin = strings.NewReader(parametersScript)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

const parametersScript = `
import boto3, botocore
ssm = boto3.client("ssm")

def fails(code, f, **args):
    try:
        f(**args)
    except botocore.exceptions.ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return
    raise AssertionError("no " + code)

first = ssm.put_parameter(Name="/a/db", Value="one", Type="SecureString", Description="d", Tags=[{"Key": "k", "Value": "v"}])
assert first["Version"] == 1 and first["Tier"] == "Standard", first
fails("ParameterAlreadyExists", ssm.put_parameter, Name="/a/db", Value="two", Type="SecureString")
assert ssm.put_parameter(Name="/a/db", Value="two", Overwrite=True)["Version"] == 2
sealed = ssm.get_parameter(Name="/a/db")["Parameter"]
assert sealed["Value"] not in ("one", "two") and sealed["Type"] == "SecureString", sealed
got = ssm.get_parameter(Name="/a/db", WithDecryption=True)["Parameter"]
assert got["Value"] == "two" and got["Version"] == 2, got
assert got["ARN"] == "arn:aws:ssm:eu-central-1:123456789012:parameter/a/db", got
assert ssm.get_parameter(Name=got["ARN"], WithDecryption=True)["Parameter"]["Value"] == "two"
assert ssm.get_parameter(Name="/a/db:1", WithDecryption=True)["Parameter"]["Value"] == "one"
assert ssm.label_parameter_version(Name="/a/db", ParameterVersion=1, Labels=["good", "9bad"])["InvalidLabels"] == ["9bad"]
assert ssm.get_parameter(Name="/a/db:good", WithDecryption=True)["Parameter"]["Selector"] == ":good"
fails("ParameterNotFound", ssm.get_parameter, Name="/none")
fails("ParameterVersionNotFound", ssm.get_parameter, Name="/a/db:9")
try:
    ssm.get_parameter(Name="/none")
except ssm.exceptions.ParameterNotFound:
    pass

many = ssm.get_parameters(Names=["/a/db", "/none"], WithDecryption=True)
assert [p["Name"] for p in many["Parameters"]] == ["/a/db"] and many["InvalidParameters"] == ["/none"], many
fails("ValidationException", ssm.get_parameters, Names=["/n/%d" % i for i in range(11)])
for i in range(23):
    ssm.put_parameter(Name="/p/%02d" % i, Value="v", Type="String")
ssm.put_parameter(Name="/p/deep/er", Value="v", Type="String")
pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path="/p"))
assert len(pages) == 3 and sum(len(p["Parameters"]) for p in pages) == 23, pages
assert len(ssm.get_parameters_by_path(Path="/p/deep", Recursive=True)["Parameters"]) == 1
pages = list(ssm.get_paginator("describe_parameters").paginate(ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": ["/p/"]}], PaginationConfig={"PageSize": 10}))
assert sum(len(p["Parameters"]) for p in pages) == 24
one = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": ["/a/db"]}])["Parameters"][0]
assert one["Description"] == "d" and one["KeyId"] == "alias/aws/ssm" and one["Tier"] == "Standard", one
past = ssm.get_parameter_history(Name="/a/db", WithDecryption=True)["Parameters"]
assert [(p["Version"], p["Value"], p["Labels"]) for p in past] == [(1, "one", ["good"]), (2, "two", [])], past

fails("ValidationException", ssm.put_parameter, Name="/a/big", Value="x" * 4097, Type="String")
assert ssm.put_parameter(Name="/a/big", Value="x" * 4097, Type="String", Tier="Intelligent-Tiering")["Tier"] == "Advanced"
fails("ValidationException", ssm.put_parameter, Name="/a/huge", Value="x" * 8193, Type="String", Tier="Advanced")
fails("ValidationException", ssm.put_parameter, Name="/a/big", Value="x", Overwrite=True, Tier="Standard")
fails("ValidationException", ssm.put_parameter, Name="aws-x", Value="x", Type="String")
fails("ValidationException", ssm.put_parameter, Name="a/b", Value="x", Type="String")
fails("HierarchyLevelLimitExceededException", ssm.put_parameter, Name="/x" * 16, Value="x", Type="String")
fails("HierarchyTypeMismatchException", ssm.put_parameter, Name="/a/db", Value="x", Type="String", Overwrite=True)
fails("ParameterPatternMismatchException", ssm.put_parameter, Name="/a/pat", Value="x", Type="String", AllowedPattern="[0-9]+")

for i in range(99):
    ssm.put_parameter(Name="/a/db", Value="v%d" % i, Overwrite=True) if i < 98 else fails("ParameterMaxVersionLimitExceeded", ssm.put_parameter, Name="/a/db", Value="last", Overwrite=True)
assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/a/db")["TagList"] == [{"Key": "k", "Value": "v"}]
ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="/a/db", Tags=[{"Key": "k", "Value": "w"}])
ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId="/a/db", TagKeys=["k"])
assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/a/db")["TagList"] == []
assert ssm.delete_parameters(Names=["/a/db", "/none"]) ["InvalidParameters"] == ["/none"]
fails("ParameterNotFound", ssm.delete_parameter, Name="/a/db")
wrong = boto3.client("ssm", aws_access_key_id="AKIAWRONGWRONGWRONG0", aws_secret_access_key="wrong")
fails("UnrecognizedClientException", wrong.get_parameter, Name="/a/big")
`
