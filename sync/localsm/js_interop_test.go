//go:build interop

package localsm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hci/internal/testing/interop"
)

// TestInteropJS: the AWS SDK for JavaScript, version 3, reads and writes both
// stores, with the errors that it has classes for.
func TestInteropJS(t *testing.T) {
	node := interop.Need(t, "node")
	modules, _, _ := strings.Cut(os.Getenv("NODE_PATH"), string(os.PathListSeparator))
	for _, name := range []string{"@aws-sdk/client-secrets-manager", "@aws-sdk/client-ssm"} {
		if _, err := os.Stat(filepath.Join(modules, filepath.FromSlash(name))); modules == "" || err != nil {
			interop.Missing(t, "npm-"+name, "it is not in NODE_PATH")
		}
	}
	_, env := serveForInterop(t)
	cmd := exec.Command(node, "-e", jsScript)
	cmd.Env = append(env, "NODE_PATH="+modules)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

const jsScript = `
const assert = require("assert");
const sm = require("@aws-sdk/client-secrets-manager");
const ssm = require("@aws-sdk/client-ssm");
(async () => {
  const secrets = new sm.SecretsManager({}), parameters = new ssm.SSM({});
  const made = await secrets.createSecret({ Name: "app/a", SecretString: "one" });
  const put = await secrets.putSecretValue({ SecretId: "app/a", SecretBinary: Buffer.from([0, 255]) });
  const now = await secrets.getSecretValue({ SecretId: made.ARN });
  assert.deepStrictEqual([...now.SecretBinary], [0, 255]);
  assert.strictEqual(now.SecretString, undefined);
  assert.strictEqual(now.VersionId, put.VersionId);
  assert.strictEqual((await secrets.getSecretValue({ SecretId: "app/a", VersionStage: "AWSPREVIOUS" })).SecretString, "one");
  const batch = await secrets.batchGetSecretValue({ SecretIdList: ["app/a", "none"] });
  assert.strictEqual(batch.SecretValues.length + batch.Errors.length, 2);
  await assert.rejects(secrets.getSecretValue({ SecretId: "none" }), sm.ResourceNotFoundException);
  assert.ok((await secrets.describeSecret({ SecretId: "app/a" })).LastChangedDate instanceof Date);
  assert.strictEqual((await secrets.getResourcePolicy({ SecretId: "app/a" })).Name, "app/a");

  assert.strictEqual((await parameters.putParameter({ Name: "/app/a", Value: "one", Type: "SecureString" })).Version, 1);
  await assert.rejects(parameters.putParameter({ Name: "/app/a", Value: "two", Type: "SecureString" }), ssm.ParameterAlreadyExists);
  assert.strictEqual((await parameters.putParameter({ Name: "/app/a", Value: "two", Overwrite: true })).Version, 2);
  const p = (await parameters.getParameter({ Name: "/app/a", WithDecryption: true })).Parameter;
  assert.strictEqual(p.Value, "two");
  assert.ok(p.LastModifiedDate instanceof Date);
  await assert.rejects(parameters.getParameter({ Name: "/none" }), ssm.ParameterNotFound);
  const all = [];
  for await (const page of ssm.paginateGetParametersByPath({ client: parameters, pageSize: 1 }, { Path: "/app", WithDecryption: true })) all.push(...page.Parameters);
  assert.deepStrictEqual(all.map(p => p.Name), ["/app/a"]);
  assert.deepStrictEqual((await parameters.getParameters({ Names: ["/app/a", "/none"] })).InvalidParameters, ["/none"]);
})().catch(e => { console.error(e); process.exit(1); });
`
