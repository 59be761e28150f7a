package main

import (
	"fmt"
	"strings"

	"hci/internal/aws/client"
	"hci/internal/doctor"
	"hci/internal/project"
	"hci/internal/terraform"
	"hci/sync/awssm"
)

// place asks AWS who the credentials are for, in the region of an environment.
func (d *diagnosis) place(env project.Environment) {
	o := awssm.Options{Region: env.Region, Profile: env.Profile}
	if _, ev, err := terraform.Evaluate(d.found, env, nil, d.environ, terraform.Options{}); err == nil {
		if o.Region == "" {
			o.Region = ev.Provider.Region
		}
		if o.Profile == "" {
			o.Profile = ev.Provider.Profile
		}
	}
	cfg, err := awssm.LoadConfig(d.ctx, o)
	if err != nil {
		d.report.Add("aws", doctor.Warning, env.Name+": "+err.Error(), strings.Join(d.hints(err), "; "))
		return
	}
	id, err := client.WhoAmI(d.ctx, cfg)
	if err != nil {
		d.report.Add("aws", doctor.Warning, env.Name+": "+err.Error(), strings.Join(d.hints(err), "; "))
		return
	}
	d.report.Add("aws", doctor.OK, fmt.Sprintf("%s: account %s, region %s, as %s", env.Name, id.Account, cfg.Region, id.ARN), "")
}
