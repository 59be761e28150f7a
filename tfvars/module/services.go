package module

import (
	"strings"

	"hci/tfvars/module/internal/config"
	"hci/tfvars/module/internal/mark"
)

const (
	serviceType = "aws_ecs_service"
	clusterType = "aws_ecs_cluster"
	taskType    = "aws_ecs_task_definition"

	repositoryType = "aws_ecr_repository"
	functionType   = "aws_lambda_function"
)

// Service is an ECS service that the directory declares.
type Service struct {
	Address string
	Name    string // "" if it is not known
	Cluster string // name; "" if it is not known
	// TaskDefinition is the address of the task definition that it runs; ""
	// if that is declared elsewhere.
	TaskDefinition string
	Place          Place
	File           string // where the block stands
	Line           int
}

// service reads what is known of a service and notes it; its cluster is
// resolved when all clusters are known.
func (r *reader) service(b block) {
	s := Service{Address: b.address(), Place: r.place(b), File: b.res.Range.Filename, Line: b.res.Range.Start.Line}
	s.Name, _ = r.known(b, "name")
	if v, ok := r.argument(b, "task_definition"); ok {
		for _, awaited := range mark.Awaited(v) {
			address, attribute := split(awaited)
			if attribute == "arn" || attribute == "id" || attribute == "arn_without_revision" || attribute == "revision" {
				s.TaskDefinition = address
			}
		}
	}
	r.services = append(r.services, s)
	r.serviceBlocks = append(r.serviceBlocks, b)
}

func (r *reader) cluster(b block) {
	if name, ok := r.known(b, "name"); ok {
		r.clusters[b.address()] = name
	}
}

// Repository is a repository of Amazon ECR that the directory declares, or that a data
// source of it names.
type Repository struct {
	Address   string
	Name      string // "" if it is not known
	Registry  string // account whose registry it lies in, where a data source says so
	Immutable bool   // a tag that is there can't be pushed again
	Place     Place
	File      string // where the block stands
	Line      int
}

func (r *reader) repository(b block) {
	one := Repository{Address: b.address(), Place: r.place(b), File: b.res.Range.Filename, Line: b.res.Range.Start.Line}
	one.Name, _ = r.known(b, "name")
	one.Registry, _ = r.known(b, "registry_id")
	mutability, _ := r.known(b, "image_tag_mutability")
	one.Immutable = strings.HasPrefix(mutability, "IMMUTABLE")
	r.repositories = append(r.repositories, one)
}

// resolveClusters fills in the clusters of the services. One that names none
// runs in the cluster "default".
//
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
func (r *reader) resolveClusters() {
	for i, b := range r.serviceBlocks {
		v, ok := r.argument(b, "cluster")
		if !ok {
			if _, written := b.res.Attrs["cluster"]; !written {
				r.services[i].Cluster = "default"
			}
			continue
		}
		if text, ok := r.known(b, "cluster"); ok {
			r.services[i].Cluster = text[strings.LastIndexByte(text, '/')+1:] // of an ARN
			continue
		}
		for _, awaited := range mark.Awaited(v) {
			address, attribute := split(awaited)
			if attribute == "id" || attribute == "arn" {
				r.services[i].Cluster = r.clusters[address]
			}
		}
	}
}

// kindOf says what the reader does with a resource.
func kindOf(res *config.Resource) string {
	switch {
	case res.Type == secretType && res.Mode != config.Ephemeral:
		return secretType
	case res.Type == repositoryType && res.Mode == config.Data:
		return repositoryType
	case res.Mode != config.Managed:
		return ""
	}
	switch res.Type {
	case versionType, parameterType, rotationType, policyType, serviceType, clusterType, taskType, repositoryType, functionType, eventTargetType, scheduleType:
		return res.Type
	}
	return ""
}
