package ecs

// What is asked and answered, as far as it is read.
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Types.html
type (
	wireServices struct {
		Services []wireService `json:"services"`
	}
	wireService struct {
		Status         string           `json:"status"`
		DesiredCount   int              `json:"desiredCount"`
		RunningCount   int              `json:"runningCount"`
		PendingCount   int              `json:"pendingCount"`
		TaskDefinition string           `json:"taskDefinition"`
		Deployments    []wireDeployment `json:"deployments"`
		Events         []wireEvent      `json:"events"`
	}
	wireDeployment struct {
		ID                 string  `json:"id"`
		Status             string  `json:"status"`
		RolloutState       string  `json:"rolloutState"`
		RolloutStateReason string  `json:"rolloutStateReason"`
		TaskDefinition     string  `json:"taskDefinition"`
		CreatedAt          *moment `json:"createdAt"`
		DesiredCount       int     `json:"desiredCount"`
		RunningCount       int     `json:"runningCount"`
		PendingCount       int     `json:"pendingCount"`
		FailedTasks        int     `json:"failedTasks"`
	}
	wireEvent struct {
		CreatedAt *moment `json:"createdAt"`
		Message   string  `json:"message"`
	}
	wireDefinition struct {
		TaskDefinition struct {
			RegisteredAt         *moment         `json:"registeredAt"`
			ContainerDefinitions []wireContainer `json:"containerDefinitions"`
		} `json:"taskDefinition"`
	}
	wireContainer struct {
		Name        string `json:"name"`
		Image       string `json:"image"`
		Environment []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"environment"`
		LogConfiguration *struct {
			LogDriver string            `json:"logDriver"`
			Options   map[string]string `json:"options"`
		} `json:"logConfiguration"`
	}
	wireList struct {
		TaskArns           []string `json:"taskArns"`
		TaskDefinitionArns []string `json:"taskDefinitionArns"`
		NextToken          string   `json:"nextToken"`
	}
	wireTasks struct {
		Tasks []wireTask `json:"tasks"`
	}
	wireTask struct {
		TaskArn           string  `json:"taskArn"`
		TaskDefinitionArn string  `json:"taskDefinitionArn"`
		LastStatus        string  `json:"lastStatus"`
		HealthStatus      string  `json:"healthStatus"`
		StartedBy         string  `json:"startedBy"`
		StartedAt         *moment `json:"startedAt"`
		StoppedAt         *moment `json:"stoppedAt"`
		StopCode          string  `json:"stopCode"`
		StoppedReason     string  `json:"stoppedReason"`
		Containers        []struct {
			Name     string `json:"name"`
			Reason   string `json:"reason"`
			ExitCode *int   `json:"exitCode"`
		} `json:"containers"`
	}
)

// members are those of a request.
type members map[string]any
