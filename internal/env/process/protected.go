package process

import (
	"path"
	"slices"
	"strings"
)

// A family is the variables of some programs that change how those run.
type family struct {
	of       string   // the programs, in words
	keys     string   // whole names
	prefixes string   // all names that begin so
	suffixes string   // all names that end so
	except   []string // names, or prefixes that end in *, that are the application's all the same
}

// families are what is held back. A name is held back if it could make a program
// of the family run code, load a library, read another configuration, trust
// another authority or talk to another server. A name that is an application's
// by custom, such as NODE_ENV or PGPASSWORD, is not.
var families = []family{
	{of: "the loader and the C library",
		keys:     "GCONV_PATH GETCONF_DIR HOSTALIASES LOCALDOMAIN LOCPATH NIS_PATH NLSPATH RES_OPTIONS RESOLV_HOST_CONF TZDIR",
		prefixes: "LD_ DYLD_ GLIBC_ MALLOC_ LSAN_ ASAN_ UBSAN_ TSAN_ LIBC_ _RLD"},
	{of: "shells",
		keys:     "PATH HOME PWD OLDPWD SHELL ENV IFS CDPATH SHELLOPTS BASHOPTS PS0 PS1 PS2 PS3 PS4 PROMPT_COMMAND ZDOTDIR FPATH HISTFILE INPUTRC FCEDIT TMOUT",
		prefixes: "BASH_ ZSH_ FISH_ __FISH KSH_"},
	{of: "the terminal and the desktop",
		keys:     "EDITOR VISUAL PAGER MANPAGER MANOPT BROWSER LESS LESSOPEN LESSCLOSE LESSKEY MORE TERM TERMCAP TERMPATH DISPLAY XAUTHORITY VIM VIMINIT VIMRUNTIME EXINIT MYVIMRC TMPDIR TEMP TMP",
		prefixes: "TERMINFO XDG_ DBUS_ WAYLAND_ GTK_ GDK_ GIO_ QT_ SUDO_"},
	{of: "Windows",
		keys:     "USERPROFILE COMSPEC PATHEXT SYSTEMROOT SYSTEMDRIVE WINDIR APPDATA LOCALAPPDATA PROGRAMDATA HOMEDRIVE HOMEPATH PSMODULEPATH",
		prefixes: "PROGRAMFILES __PS __COMPAT_LAYER _NT_ COMMONPROGRAMFILES"},
	{of: "Python and its tools",
		keys:     "VIRTUAL_ENV GUNICORN_CMD_ARGS IPYTHONDIR MPLCONFIGDIR",
		prefixes: "PYTHON PIP_ PIPENV_ PIPX_ POETRY_ UV_ PDM_ HATCH_ CONDA_ MAMBA_ VIRTUALENV_ PYENV PYTEST_ TOX_ COVERAGE_ SETUPTOOLS_ DISTUTILS_ JUPYTER_ IPYTHON UWSGI_ WERKZEUG_"},
	{of: "Node.js, Deno, Bun and their tools",
		keys:     "NODE COREPACK_HOME",
		prefixes: "NODE_ NPM_ NPX_ YARN_ PNPM_ COREPACK_ NVM_ FNM_ VOLTA_ DENO_ BUN_ TS_NODE ELECTRON_ PUPPETEER_ PLAYWRIGHT_ BABEL_",
		except:   []string{"NODE_ENV", "NPM_TOKEN"}},
	{of: "Ruby and its tools",
		keys:     "IRBRC PRYRC BUNDLER_ORIG_PATH RAKEOPT",
		prefixes: "RUBY GEM_ BUNDLE_ BUNDLER_ RBENV_ RVM_ IRB_"},
	{of: "Perl", prefixes: "PERL CPAN_"},
	{of: "PHP", keys: "PHPRC", prefixes: "PHP_INI_ COMPOSER_ PEAR_"},
	{of: "Java and its tools",
		keys:     "CLASSPATH JAVA_HOME JRE_HOME _JAVA_OPTIONS JAVA_OPTS JVM_OPTS",
		prefixes: "JAVA_TOOL_ JDK_ MAVEN_ MVN_ GRADLE_ ANT_ SBT_ CATALINA_ GROOVY_ KOTLIN_ SCALA_ JRUBY_",
		suffixes: "_JAVA_OPTS _JAVA_OPTIONS _JVM_OPTIONS _JVM_OPTS"},
	{of: ".NET", prefixes: "DOTNET_ COR_ CORECLR_ COMPLUS_ MSBUILD NUGET_",
		except: []string{"DOTNET_ENVIRONMENT"}},
	{of: "other languages",
		keys: "GOFLAGS GOPATH GOROOT GOENV GOBIN GOPROXY GOSUMDB GONOSUMDB GONOPROXY GOPRIVATE GOINSECURE GOTOOLCHAIN GOTOOLDIR GOCACHE GOMODCACHE GOWORK GODEBUG GOAUTH GOVCS " +
			"RUSTC RUSTDOC RUSTFLAGS RUSTDOCFLAGS ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS ERL_LIBS ELIXIR_ERL_OPTIONS TCLLIBPATH TCL_LIBRARY R_HOME R_PROFILE R_PROFILE_USER R_ENVIRON R_ENVIRON_USER R_LIBS R_LIBS_USER " +
			"GUILE_LOAD_PATH GUILE_LOAD_COMPILED_PATH EMACSLOADPATH HEX_HOME HEX_MIRROR STACK_ROOT STACK_YAML AWKPATH AWKLIBPATH",
		prefixes: "LUA_ LUAROCKS_ CARGO_ RUSTC_ RUSTUP_ JULIA_ MIX_ CGO_ OCAML CAML_ CAMLRUNPARAM OPAM GHC_ CABAL_",
		except:   []string{"MIX_ENV"}},
	{of: "make and compilers",
		keys:     "MAKE MAKEFLAGS MAKEFILES MAKESHELL GNUMAKEFLAGS MFLAGS MAKELEVEL CC CXX CPP AR LD AS NM RANLIB CFLAGS CXXFLAGS CPPFLAGS LDFLAGS CPATH LIBRARY_PATH COMPILER_PATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH NINJA_STATUS M4PATH ACLOCAL_PATH",
		prefixes: "CMAKE_ CTEST_ GCC_ PKG_CONFIG CCACHE_ LIBTOOL"},
	{of: "git and SSH",
		keys:     "SSH_ASKPASS SSH_ASKPASS_REQUIRE SSH_AUTH_SOCK SSH_SK_PROVIDER SSH_SK_HELPER GNUPGHOME GPG_AGENT_INFO HGRCPATH HGPLAIN SVN_SSH SVN_EDITOR CVS_RSH RSYNC_RSH RSYNC_CONNECT_PROG",
		prefixes: "GIT_",
		except:   []string{"GIT_SHA", "GIT_COMMIT", "GIT_BRANCH", "GIT_TAG", "GIT_REVISION"}},
	{of: "TLS and the network",
		keys:     "HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY SOCKS_PROXY RSYNC_PROXY WS_PROXY WSS_PROXY SSLKEYLOGFILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE CURL_HOME CURL_SSL_BACKEND WGETRC NETRC GRPC_DEFAULT_SSL_ROOTS_FILE_PATH LDAPCONF LDAPRC LDAPNOINIT SASL_PATH SASL_CONF_PATH",
		prefixes: "OPENSSL_ SSL_CERT_ GNUTLS_ P11_KIT_ NSS_ KRB5 PKCS11_",
		suffixes: "_HTTP_PROXY _HTTPS_PROXY"},
	{of: "AWS's tools and SDKs",
		keys: "AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_PROFILE AWS_DEFAULT_PROFILE AWS_CA_BUNDLE AWS_PAGER AWS_DATA_PATH AWS_SDK_LOAD_CONFIG AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN AWS_LOGIN_CACHE_DIRECTORY " +
			"BOTO_CONFIG",
		prefixes: "AWS_ENDPOINT_URL AWS_CONTAINER_ AWS_EC2_METADATA_ AWS_METADATA_ AWS_CLI_ AWS_SIGNIN_ CDK_"},
	{of: "other clouds' tools",
		keys:     "GOOGLE_APPLICATION_CREDENTIALS BOTO_PATH KUBECONFIG",
		prefixes: "CLOUDSDK_ AZURE_CONFIG_ KUBE_ KUBECTL_ HELM_ DOCTL_ TOFU_ TERRAGRUNT_ PULUMI_ ANSIBLE_ PACKER_ VAGRANT_"},
	{of: "Terraform", prefixes: "TF_", except: []string{"TF_VAR_*"}},
	{of: "Docker", prefixes: "DOCKER_ BUILDX_ BUILDKIT_ COMPOSE_ CONTAINERD_ CONTAINER_HOST PODMAN_ REGISTRY_AUTH_FILE"},
	{of: "database clients",
		keys: "PGSERVICE PGSERVICEFILE PGSYSCONFDIR PGPASSFILE PGSSLKEY PGSSLCERT PGSSLROOTCERT PGSSLCRL PGSSLCRLDIR PSQLRC PSQL_EDITOR PSQL_PAGER PSQL_HISTORY MYSQL_HOME MYSQL_TEST_LOGIN_FILE MYSQL_HISTFILE MYSQL_PS1 LIBMYSQL_PLUGINS LIBMYSQL_PLUGIN_DIR ODBCINI ODBCINSTINI ODBCSYSINI TNS_ADMIN ORACLE_HOME SQLPATH FREETDS FREETDSCONF REDISCLI_RCFILE",
	},
	{of: "hci itself", keys: "HCI_ENV HCI_TRUST", prefixes: "HCI_PASSPHRASE"},
}

// Protected reports whether a variable is held back unless allowed. Letters of
// either case are the same: http_proxy is one as well as HTTP_PROXY.
func Protected(key string) bool {
	key = strings.ToUpper(key)
	return slices.ContainsFunc(families, func(f family) bool { return f.has(key) })
}

func (f family) has(key string) bool {
	for _, e := range f.except {
		if prefix, all := strings.CutSuffix(e, "*"); key == e || all && strings.HasPrefix(key, prefix) {
			return false
		}
	}
	return slices.Contains(strings.Fields(f.keys), key) ||
		slices.ContainsFunc(strings.Fields(f.prefixes), func(p string) bool { return strings.HasPrefix(key, p) }) ||
		slices.ContainsFunc(strings.Fields(f.suffixes), func(s string) bool { return strings.HasSuffix(key, s) })
}

// allowed reports whether one of the patterns, in which * stands for any
// letters, matches a key.
func allowed(patterns []string, key string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, key)
		return ok && err == nil
	})
}
