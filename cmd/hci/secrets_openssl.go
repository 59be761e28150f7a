package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func newOpenSSL(a *app) *cobra.Command {
	var passFrom string
	cmd := &cobra.Command{
		Use:   "openssl ENV",
		Short: "Print the openssl command that opens the sealed file without hci",
		Long: `Print the exact openssl command that writes the plaintext to standard output
without hci: the way out. The passphrase is needed to find the parameters and
is not in the command: openssl asks for it, or takes it from where --pass says.`,
		Args:              between(1, 1),
		ValidArgsFunction: a.envNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.HasPrefix(passFrom, "pass:") {
				return &usageError{cmd: cmd.CommandPath(), err: fmt.Errorf("--pass pass:… would put the passphrase where others can read it")}
			}
			env, err := a.environment(args[0])
			if err != nil {
				return err
			}
			content, err := a.files(env).OpenSealed(cmd.Context(), a.passphrase(env))
			if err != nil {
				return err
			}
			argv := append([]string{"openssl", "enc", "-d", "-aes-256-cbc"}, content.Params.OpenSSLArgs()...)
			argv = append(argv, "-in", a.rel(env.Sealed))
			if passFrom != "" {
				argv = append(argv, "-pass", passFrom)
			}
			_, err = fmt.Fprintln(a.out, shellLine(argv))
			return err
		},
	}
	cmd.Flags().StringVar(&passFrom, "pass", "", "add -pass `SOURCE`, in openssl's words: env:NAME, file:PATH, fd:N or stdin")
	return cmd
}

// shellLine joins words into a line that a POSIX shell reads as those words.
func shellLine(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = shellWord(w)
	}
	return strings.Join(quoted, " ")
}

func shellWord(w string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_./:@%+,=-", r)
	}
	if w != "" && strings.IndexFunc(w, func(r rune) bool { return !plain(r) }) < 0 {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
