"""Makes in moto, at the address in argv[1], what the rehearsal's AWS begins
with; prints what it named itself."""
import json
import sys
import time

import boto3


def client(name):
    return boto3.client(name, endpoint_url=sys.argv[1], region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")


ecs, ecr, logs, ec2 = client("ecs"), client("ecr"), client("logs"), client("ec2")
subnet = ec2.describe_subnets()["Subnets"][0]
group = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}])["SecurityGroups"][0]
ecs.create_cluster(clusterName="main")
ecs.register_task_definition(**json.loads(sys.argv[2]))
ecs.create_service(
    cluster="main", serviceName="web", taskDefinition="web:1", desiredCount=1, launchType="FARGATE",
    networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet["SubnetId"]], "securityGroups": [group["GroupId"]]}},
)
ecr.create_repository(repositoryName="team/app")
manifest = json.dumps({
    "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": [],
    "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest": "sha256:" + "0" * 64},
})
ecr.put_image(repositoryName="team/app", imageTag="git-1a2b3c4", imageManifest=manifest)
logs.create_log_group(logGroupName="/web")
logs.create_log_stream(logGroupName="/web", logStreamName="ecs/app/t1")
now = int(time.time() * 1000)
logs.put_log_events(
    logGroupName="/web", logStreamName="ecs/app/t1",
    logEvents=[{"timestamp": now, "message": "begun"}, {"timestamp": now + 1, "message": "done"}],
)
print(json.dumps({"logged": "t1"}))
