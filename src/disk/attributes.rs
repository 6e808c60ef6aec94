//! Copies the attributes of a file that is replaced: owner, mode, access control list and extended
//! attributes.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use super::tolerance::{ACCESS_LISTS, ATTRIBUTES, MODES, OWNERS};

/// Copies the attributes of `like` to `path`, as far as the system allows. If an attribute cannot be
/// copied, nobody gets more access than before. Fails only if one of the two files cannot be examined.
pub(super) fn copy(like: &Path, path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let wanted = fs::metadata(like)?;
    OWNERS.allow(folder, copy_owner(&wanted, path));
    let has_group = fs::metadata(path)?.gid() == wanted.gid();
    ATTRIBUTES.allow(folder, extended::copy_all(like, path));
    // Before the mode, because the mode's group bits are the list's mask.
    let has_list = ACCESS_LISTS.allow(folder, extended::copy_list(like, path));
    let is_same = has_group && has_list;
    let mode = if is_same { wanted.mode() } else { without_group(wanted.mode()) };
    let mode = fs::Permissions::from_mode(mode & 0o7777);
    MODES.allow(folder, fs::set_permissions(path, mode));
    Ok(())
}

/// Sets the owner and the group of `path` to those of `like`, or only the group if the owner is not
/// permitted.
pub(super) fn copy_owner(like: &fs::Metadata, path: &Path) -> io::Result<()> {
    let own = fs::metadata(path)?;
    let user = Some(like.uid()).filter(|user| *user != own.uid());
    let group = Some(like.gid()).filter(|group| *group != own.gid());
    if (user, group) == (None, None) {
        return Ok(());
    }
    match chown(path, user, group) {
        // The group alone is permitted if this process belongs to it.
        Err(error) if error.kind() == ErrorKind::PermissionDenied && user.is_some() => {
            if group.is_some() {
                chown(path, None, group)?;
            }
            Err(error)
        }
        done => done,
    }
}

/// The mode with the group's permissions reduced to everybody's, for a file with another group.
fn without_group(mode: u32) -> u32 {
    mode & !0o070 | (mode & 0o007) << 3
}

#[cfg(target_os = "linux")]
mod extended {
    use std::ffi::{CStr, CString};
    use std::io;
    use std::path::Path;

    use rustix::fs::{XattrFlags, getxattr, listxattr, removexattr, setxattr};
    use rustix::io::Errno;

    const ACCESS_LIST: &CStr = c"system.posix_acl_access";
    /// These describe the contents of one file, and are wrong for other contents.
    const OF_CONTENTS: [&CStr; 3] = [c"security.ima", c"security.evm", c"security.capability"];
    /// Linux's limit for the list of names and for a value, in bytes.
    const LONGEST: usize = 64 << 10;

    /// Copies all attributes except the access control list. If one fails, the others are copied.
    pub(super) fn copy_all(like: &Path, path: &Path) -> io::Result<()> {
        let mut result = Ok(());
        for name in names(like)? {
            let name = name.as_c_str();
            if name != ACCESS_LIST && !OF_CONTENTS.contains(&name) {
                result = result.and(copy_one(like, path, name));
            }
        }
        result
    }

    /// Copies the access control list. If `like` has none, removes one that `path` has inherited from
    /// its folder.
    pub(super) fn copy_list(like: &Path, path: &Path) -> io::Result<()> {
        if value(like, ACCESS_LIST)?.is_some() {
            return copy_one(like, path, ACCESS_LIST);
        }
        if value(path, ACCESS_LIST)?.is_some() {
            removexattr(path, ACCESS_LIST)?;
        }
        Ok(())
    }

    fn copy_one(like: &Path, path: &Path, name: &CStr) -> io::Result<()> {
        let wanted = value(like, name)?;
        match wanted {
            Some(wanted) if value(path, name)?.as_ref() != Some(&wanted) => {
                Ok(setxattr(path, name, &wanted, XattrFlags::empty())?)
            }
            _ => Ok(()),
        }
    }

    fn names(path: &Path) -> io::Result<Vec<CString>> {
        let mut names = vec![0_u8; LONGEST];
        let len = match listxattr(path, &mut names[..]) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => 0,
            listed => listed?,
        };
        let names = names[..len].split_inclusive(|byte| *byte == 0);
        Ok(names
            .filter_map(|name| CStr::from_bytes_with_nul(name).ok())
            .map(CStr::to_owned)
            .collect())
    }

    fn value(path: &Path, name: &CStr) -> io::Result<Option<Vec<u8>>> {
        let mut value = vec![0_u8; LONGEST];
        match getxattr(path, name, &mut value[..]) {
            Err(Errno::NODATA | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(None),
            read => {
                value.truncate(read?);
                Ok(Some(value))
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod extended {
    use std::io;
    use std::path::Path;

    #[expect(clippy::unnecessary_wraps, reason = "it can fail on Linux")]
    pub(super) fn copy_all(_like: &Path, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "it can fail on Linux")]
    pub(super) fn copy_list(_like: &Path, _path: &Path) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows nothing if the tests run as root.
    #[test]
    fn a_file_of_another_owner_can_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "").unwrap();
        copy(Path::new("/etc/passwd"), &path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o644);
    }

    #[test]
    fn another_group_gets_no_more_than_everybody() {
        for (mode, expected) in [(0o660, 0o600), (0o664, 0o644), (0o600, 0o600), (0o777, 0o777)] {
            assert_eq!(without_group(mode), expected, "{mode:o}");
        }
    }
}
