package term

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/zalando/go-keyring"
)

// keyringService is the name under which hci's passphrases lie in a keyring.
const keyringService = "hci"

// ErrNotInKeyring says that the keyring holds no such passphrase.
var ErrNotInKeyring = errors.New("not in the keyring")

// Keyring keeps passphrases for the user. Get and Delete return
// [ErrNotInKeyring] for what it does not hold.
type Keyring interface {
	Get(account string) (string, error)
	Set(account, passphrase string) error
	Delete(account string) error
}

// SystemKeyring returns the keyring of the operating system: the login
// keychain of macOS, the Credential Manager of Windows, elsewhere the Secret
// Service of the desktop session. It is nil where there is no session bus to
// ask on, as D-Bus libraries would otherwise start one.
func SystemKeyring(lookup func(string) (string, bool)) Keyring {
	switch runtime.GOOS {
	case "darwin", "windows":
		return systemKeyring{}
	case "linux", "freebsd", "netbsd", "openbsd", "dragonfly":
		if hasSessionBus(lookup) {
			return systemKeyring{}
		}
	}
	return nil
}

func hasSessionBus(lookup func(string) (string, bool)) bool {
	if address, ok := lookup("DBUS_SESSION_BUS_ADDRESS"); ok && address != "" {
		return !strings.HasPrefix(address, "autolaunch:")
	}
	dir, _ := lookup("XDG_RUNTIME_DIR")
	return filepath.IsAbs(dir) && isSocket(filepath.Join(dir, "bus"))
}

type systemKeyring struct{}

func (systemKeyring) Get(account string) (string, error) {
	v, err := keyring.Get(keyringService, account)
	return v, known(err)
}

func (systemKeyring) Set(account, passphrase string) error {
	return known(keyring.Set(keyringService, account, passphrase))
}

func (systemKeyring) Delete(account string) error {
	return known(keyring.Delete(keyringService, account))
}

// known replaces the library's errors by ours.
func known(err error) error {
	if errors.Is(err, keyring.ErrNotFound) {
		return ErrNotInKeyring
	}
	return err
}

func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&fs.ModeSocket != 0
}
