package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"hci/internal/child"
	"hci/internal/compare"
	"hci/internal/term"
	"hci/sync"
	"hci/sync/localsm"
	"hci/tfvars/module"
)

func newServe(a *app) *cobra.Command {
	var empty bool
	var listen string
	var local localRequest
	cmd := &cobra.Command{
		Use:   "serve ENV [-- CMD [ARG...]]",
		Short: "Serve the secrets as a local AWS Secrets Manager",
		Long: `Serve an environment's secrets, under their real names, with the API of AWS
Secrets Manager on the loopback address, and its parameters with that of Systems
Manager's Parameter Store. The AWS CLI, boto3 and every AWS SDK work against it
with the credentials that are made for this run.

With CMD, the command gets endpoint and credentials in its environment, and
everything ends with it. Without, the export lines are printed, and Ctrl-C ends
it. Writes stay in memory. CMD gets no passphrase: an hci in it asks for one.
SDKs from before mid-2023 (boto3 before 1.28) don't read the endpoint's variable,
AWS_ENDPOINT_URL_SECRETS_MANAGER, by themselves: they would ask AWS.

With --local, CMD gets the variables of 'hci env run --local' as well: an app that
reads some settings from its environment and some from Secrets Manager starts with
this one command, offline.`,
		Example: `  hci secrets serve staging -- python manage.py runserver
  hci secrets serve staging --local -- python manage.py runserver
  hci secrets serve staging --empty -- sh   # rehearse a push`,
		Args: func(cmd *cobra.Command, args []string) error {
			n := len(args)
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				n = dash
			}
			if n != 1 {
				return &usageError{cmd: cmd.CommandPath(), err: fmt.Errorf("usage: %s", cmd.UseLine())}
			}
			return nil
		},
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.desired(cmd.Context(), args[0], compare.Options{})
			if err != nil {
				return err
			}
			s, err := a.newLocalServer(d, "", empty, listen)
			if err != nil {
				return err
			}
			if local.on {
				if len(args) == 1 {
					return &usageError{cmd: cmd.CommandPath(), err: errors.New("--local is for a command: -- CMD")}
				}
				for _, v := range s.vars { // which a template may ask for
					name, _, _ := strings.Cut(v, "=")
					local.own = append(local.own, name)
				}
				r := runRequest{variablesRequest: variablesRequest{local: local}}
				if s.environ, err = a.runEnviron(cmd.Context(), d.Env, r); err != nil {
					return err
				}
			}
			return s.run(cmd.Context(), args[1:])
		},
	}
	local.flag(cmd)
	cmd.Flags().StringVar(&listen, "listen", "", "serve on `HOST:PORT` in place of the loopback address, for containers")
	cmd.Flags().BoolVar(&empty, "empty", false, "serve the secrets as Terraform creates them: without values")
	return cmd
}

// localServer is an embedded Secrets Manager and what a client needs to know.
type localServer struct {
	a      *app
	env    string
	server *localsm.Server
	listen string   // the address asked for; "" for one of loopback
	vars   []string // KEY=value for a client's environment, but for the endpoint

	environ []string // of the command; nil for the caller's
}

// newLocalServer makes one, in an account, that holds the environment's secrets.
func (a *app) newLocalServer(d *compare.Desired, account string, empty bool, listen string) (*localServer, error) {
	chosen := cmp.Or(a.getenv("AWS_REGION"), a.getenv("AWS_DEFAULT_REGION"))
	server := localsm.New(localsm.Options{
		Region: cmp.Or(d.Region(), chosen), AccountID: account, Anywhere: listen != "",
		// An app may name the region that nothing here does, or each of several.
		AnyRegion: !d.OneRegion() && (d.Region() != "" || chosen == ""),
	})
	for _, w := range d.Wants {
		// Terraform writes an ignored value too, when it makes the secret.
		known := w.Status == sync.Known || w.Status == sync.Ignored && w.Value.Len() > 0
		if p := w.Meta.Parameter; p != nil {
			if empty {
				a.sayf("parameter %s is not there: a parameter always has a value", w.Name)
			} else if err := a.serveParameter(server, w, known); err != nil {
				return nil, err
			}
			continue
		}
		if !empty && known {
			put := server.Put
			if w.Binary {
				put = server.PutBytes
			}
			if err := put(w.Name, w.Value, asDeclared(w)...); err != nil {
				return nil, err
			}
			continue
		}
		if err := server.PutEmpty(w.Name, asDeclared(w)...); err != nil {
			return nil, err
		}
		if !empty {
			a.sayf("%s is served without a value: %s", w.Name, wantReason(w))
		}
	}
	keyID, key, _ := server.Credentials()
	return &localServer{a: a, env: d.Env.Name, server: server, listen: listen, vars: []string{
		"AWS_ACCESS_KEY_ID=" + keyID, "AWS_SECRET_ACCESS_KEY=" + key,
		"AWS_REGION=" + server.Region(), "AWS_DEFAULT_REGION=" + server.Region(),
	}}, nil
}

// serveParameter puts a parameter in place. There is none without a value.
func (a *app) serveParameter(server *localsm.Server, w sync.Want, known bool) error {
	if !known {
		a.sayf("parameter %s is not served, since a parameter has a value: %s", w.Name, wantReason(w))
		return nil
	}
	m := w.Meta
	return server.PutParameter(w.Name, w.Value, localsm.Parameter{
		Type: cmp.Or(m.Parameter.Type, module.SecureString), Tier: m.Parameter.Tier, Key: m.KMSKeyID,
		Description: m.Description, AllowedPattern: m.Parameter.AllowedPattern, Tags: m.Tags,
	})
}

// asDeclared gives a secret the settings that Terraform gives it, as far as they
// are known.
func asDeclared(w sync.Want) []localsm.SeedOption {
	return []localsm.SeedOption{
		localsm.Description(w.Meta.Description), localsm.Tags(w.Meta.Tags), localsm.KMSKey(w.Meta.KMSKeyID),
		localsm.Replicas(w.Meta.Replicas), localsm.Policy(w.Meta.Policy),
	}
}

// run serves until the command, or without one the context, ends.
func (s *localServer) run(ctx context.Context, argv []string) error {
	listener, err := s.open(ctx)
	if err != nil {
		return err
	}
	address := "http://" + reachable(listener.Addr())
	vars := append(s.vars, "AWS_ENDPOINT_URL_SECRETS_MANAGER="+address, "AWS_ENDPOINT_URL_SSM="+address)
	if len(argv) == 0 {
		if err := s.announce(vars, listener.Addr()); err != nil {
			return err
		}
		return s.server.Serve(ctx, listener)
	}
	// An interrupt is the command's business: the server ends after it.
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go func() { _ = s.server.Serve(serving, listener) }() // the command sees a server that fails
	environ := s.environ
	if environ == nil {
		environ = s.a.environFor(child.ServeRun)
	}
	return child.Command{
		Argv: argv, Env: clientEnviron(environ, vars), In: s.a.in, Out: s.a.raw.out, Err: s.a.raw.err, Dir: s.a.dir,
		Terminal: term.IsTerminal(s.a.in),
	}.Run()
}

// open listens on the address that was asked for, or one of loopback.
func (s *localServer) open(ctx context.Context) (net.Listener, error) {
	if s.listen == "" {
		return localsm.ListenLoopback(ctx)
	}
	listener, err := localsm.Listen(ctx, s.listen)
	if err != nil {
		return nil, err
	}
	if at, ok := listener.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() {
		s.a.sayf("warning: the secrets of %s are served on %s without encryption; only who has the credentials of this run gets an answer, but who sees the network reads it", s.env, at)
		s.a.sayf("a container reaches it at http://host.docker.internal:%d", at.Port)
	}
	return listener, nil
}

// reachable is an address at which a client on this machine reaches a listener.
func reachable(addr net.Addr) string {
	if at, ok := addr.(*net.TCPAddr); ok && at.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(at.Port))
	}
	return addr.String()
}

// announce prints what makes a shell a client.
func (s *localServer) announce(vars []string, addr net.Addr) error {
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		if _, err := fmt.Fprintf(s.a.out, "export %s=%s\n", name, shellWord(value)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(s.a.out, "unset", strings.Join(otherAccount, " "))
	s.a.sayf("serving the secrets of %s on %s until interrupted", s.env, addr)
	return err
}

// otherAccount are the variables that would lead a client elsewhere.
var otherAccount = []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}

// clientEnviron is the environment of a client of the local server.
func clientEnviron(environ, vars []string) []string {
	kept := slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(otherAccount, name)
	})
	return append(kept, vars...)
}
