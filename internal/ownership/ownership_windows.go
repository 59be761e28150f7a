package ownership

import (
	"fmt"
	"io/fs"

	"golang.org/x/sys/windows"
)

// foreign compares the owner in the file's security descriptor with this user.
// The system, its administrators and the installer of Windows are no strangers:
// they can change every file. Git for Windows has the same rule.
func foreign(path string, _ fs.FileInfo) (bool, error) {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return false, fmt.Errorf("%s: its owner can't be read: %w", path, err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return false, fmt.Errorf("%s: its owner can't be read: %w", path, err)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return false, err
	}
	const trustedInstaller = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
	return !owner.Equals(user.User.Sid) &&
		!owner.IsWellKnown(windows.WinLocalSystemSid) &&
		!owner.IsWellKnown(windows.WinBuiltinAdministratorsSid) &&
		owner.String() != trustedInstaller, nil
}

// hasModes is false: what lies in a user's own directory inherits that nobody
// else may write to it, and its mode says nothing.
const hasModes = false
