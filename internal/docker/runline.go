package docker

import "os/exec"

// RunLine returns the command line that runs a container with the variables of
// these names. The values are not in it: docker takes them from its own
// environment.
//
// https://docs.docker.com/reference/cli/docker/container/run/#env
func RunLine(names, args []string) ([]string, error) {
	program, err := exec.LookPath("docker")
	if err != nil {
		return nil, ErrNotInstalled
	}
	argv := []string{program, "run"}
	for _, name := range names {
		argv = append(argv, "--env", name)
	}
	return append(argv, args...), nil
}
