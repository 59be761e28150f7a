package ecs

import (
	"encoding/json"

	"hci/internal/aws/client"
)

// What is asked and answered, as far as it is read.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Types.html
type (
	wireServices struct {
		Services []wireService `json:"services"`
	}
	wireService struct {
		Status         string           `json:"status"`
		ClusterARN     string           `json:"clusterArn"`
		DesiredCount   int              `json:"desiredCount"`
		RunningCount   int              `json:"runningCount"`
		PendingCount   int              `json:"pendingCount"`
		TaskDefinition string           `json:"taskDefinition"`
		Exec           bool             `json:"enableExecuteCommand"`
		Deployments    []wireDeployment `json:"deployments"`
		Events         []wireEvent      `json:"events"`
		Configuration  struct {
			Breaker struct {
				Enable   bool `json:"enable"`
				Rollback bool `json:"rollback"`
			} `json:"deploymentCircuitBreaker"`
			Strategy string `json:"strategy"`
			Bake     int    `json:"bakeTimeInMinutes"`
			Linear   struct {
				Percent float64 `json:"stepPercent"`
				Bake    int     `json:"stepBakeTimeInMinutes"`
			} `json:"linearConfiguration"`
			Canary struct {
				Bake int `json:"canaryBakeTimeInMinutes"`
			} `json:"canaryConfiguration"`
		} `json:"deploymentConfiguration"`
		Controller struct {
			Type string `json:"type"`
		} `json:"deploymentController"`
		// How its tasks are run, as RunTask takes it.
		LaunchType       string          `json:"launchType"`
		PlatformVersion  string          `json:"platformVersion"`
		Network          json.RawMessage `json:"networkConfiguration"`
		CapacityStrategy json.RawMessage `json:"capacityProviderStrategy"`
	}
	wireDeployment struct {
		ID                 string       `json:"id"`
		Status             string       `json:"status"`
		RolloutState       string       `json:"rolloutState"`
		RolloutStateReason string       `json:"rolloutStateReason"`
		TaskDefinition     string       `json:"taskDefinition"`
		CreatedAt          *client.Time `json:"createdAt"`
		DesiredCount       int          `json:"desiredCount"`
		RunningCount       int          `json:"runningCount"`
		PendingCount       int          `json:"pendingCount"`
		FailedTasks        int          `json:"failedTasks"`
	}
	wireEvent struct {
		ID        string       `json:"id"`
		CreatedAt *client.Time `json:"createdAt"`
		Message   string       `json:"message"`
	}
	wireDefinition struct {
		TaskDefinition struct {
			ContainerDefinitions []wireContainer `json:"containerDefinitions"`
		} `json:"taskDefinition"`
	}
	wireContainer struct {
		Name      string `json:"name"`
		Image     string `json:"image"`
		Essential *bool  `json:"essential"`
		Secrets   []struct {
			Name      string `json:"name"`
			ValueFrom string `json:"valueFrom"`
		} `json:"secrets"`
		Environment []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"environment"`
		LogConfiguration *struct {
			LogDriver string            `json:"logDriver"`
			Options   map[string]string `json:"options"`
		} `json:"logConfiguration"`
	}
	wireServiceDeployment struct {
		ARN       string       `json:"serviceDeploymentArn"`
		Target    string       `json:"targetServiceRevisionArn"`
		CreatedAt *client.Time `json:"createdAt"`
	}
	wireStage struct {
		Status    string       `json:"status"`
		Stage     string       `json:"lifecycleStage"`
		UpdatedAt *client.Time `json:"updatedAt"`
	}
	wireList struct {
		TaskArns           []string `json:"taskArns"`
		TaskDefinitionArns []string `json:"taskDefinitionArns"`
		NextToken          string   `json:"nextToken"`
	}
	wireTasks struct {
		Tasks    []wireTask    `json:"tasks"`
		Failures []wireFailure `json:"failures"`
	}
	wireFailure struct {
		ARN    string `json:"arn"`
		Reason string `json:"reason"`
		Detail string `json:"detail"`
	}
	wireTask struct {
		TaskArn           string       `json:"taskArn"`
		TaskDefinitionArn string       `json:"taskDefinitionArn"`
		LastStatus        string       `json:"lastStatus"`
		HealthStatus      string       `json:"healthStatus"`
		StartedBy         string       `json:"startedBy"`
		CreatedAt         *client.Time `json:"createdAt"`
		StartedAt         *client.Time `json:"startedAt"`
		StoppedAt         *client.Time `json:"stoppedAt"`
		StopCode          string       `json:"stopCode"`
		StoppedReason     string       `json:"stoppedReason"`
		Exec              bool         `json:"enableExecuteCommand"`
		Containers        []struct {
			Name        string `json:"name"`
			Reason      string `json:"reason"`
			ExitCode    *int   `json:"exitCode"`
			ImageDigest string `json:"imageDigest"`
			RuntimeID   string `json:"runtimeId"`
			Agents      []struct {
				Name       string `json:"name"`
				LastStatus string `json:"lastStatus"`
				Reason     string `json:"reason"`
			} `json:"managedAgents"`
		} `json:"containers"`
	}
)

// at is a time, 0 for one that is not there.
func at(t *client.Time) client.Time {
	if t == nil {
		return 0
	}
	return *t
}

// members are those of a request.
type members map[string]any
