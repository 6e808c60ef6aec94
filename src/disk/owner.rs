//! Ownership: files that root creates belong to the owner of the folder, and errors about permissions
//! say which user needs them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown, lchown};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::process::geteuid;

use super::attributes::copy_owner;
use super::tolerance::{OWNERS, OWNERS_OF_NEW_FILES};

const ROOT: u32 = 0;

/// Gives a new file to the owner of its folder, if root has created it in another user's folder. A
/// command that root runs in a server's directory must not leave files that the server cannot open.
pub fn give_to_owner_of(folder: &Path, new: &File) {
    OWNERS_OF_NEW_FILES.allow(folder, give(folder, new));
}

fn give(folder: &Path, new: &File) -> io::Result<()> {
    if new.metadata()?.uid() != ROOT {
        return Ok(());
    }
    let folder = fs::metadata(or_here(folder))?;
    if folder.uid() == ROOT {
        return Ok(());
    }
    fchown(new, Some(folder.uid()), Some(folder.gid()))
}

/// Like [`give_to_owner_of`], for a new folder.
pub(super) fn give_folder_to_owner_of(parent: &Path, new: &Path) {
    // Through an open file: by name, somebody who may write to the parent could substitute a link.
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(new);
    OWNERS_OF_NEW_FILES.allow(parent, opened.and_then(|new| give(parent, &new)));
}

/// Like [`give_to_owner_of`], for a new socket, which cannot be opened.
pub(super) fn give_socket_to_owner_of(folder: &Path, new: &Path) {
    let give = || {
        let owner = fs::metadata(folder)?;
        if !geteuid().is_root() || owner.uid() == ROOT {
            return Ok(());
        }
        lchown(new, Some(owner.uid()), Some(owner.gid()))
    };
    OWNERS_OF_NEW_FILES.allow(folder, give());
}

/// Sets the owner and the group of a folder to those of another, as far as this process may.
pub fn copy_folder_owner(like: &Path, folder: &Path) {
    let given = fs::metadata(like).and_then(|like| copy_owner(&like, folder));
    OWNERS.allow(folder, given);
}

fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// Adds advice to an error about `folder` or a file in it, if permission was denied: which user needs
/// the permission, and what to do.
pub fn with_permission_advice(folder: &Path, path: &Path, error: io::Error) -> io::Error {
    if error.kind() != ErrorKind::PermissionDenied {
        return error;
    }
    let advice = advice(or_here(folder), or_here(path));
    io::Error::new(ErrorKind::PermissionDenied, format!("{error}. {advice}"))
}

fn advice(folder: &Path, path: &Path) -> String {
    let own = geteuid().as_raw();
    let user = described(own);
    if own == ROOT {
        return format!(
            "Goldstar runs as {user}, but the file system or an attribute of the file forbids it: check \
             `mount` and `lsattr`"
        );
    }
    let (name, shown) = (name_of(own).unwrap_or_else(|| own.to_string()), folder.display());
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return format!(
                "Goldstar runs as {user}, who may not create it: run `install -d -m 700 -o {name} \
                 {shown}` as root"
            );
        }
        Err(_) => {
            return format!(
                "Goldstar runs as {user}, who may not enter a folder above {shown}: allow that user to \
                 enter each of them (`chmod a+x FOLDER`)"
            );
        }
        Ok(_) => {}
    }
    let below = path.ancestors().take_while(|place| place.starts_with(folder));
    let mut found = below.filter_map(|place| Some((place, fs::symlink_metadata(place).ok()?)));
    match found.find(|(_, metadata)| metadata.uid() != own) {
        Some((place, metadata)) => format!(
            "Goldstar runs as {user}, and {} belongs to {}: run `chown -R {name} {shown}` as root",
            place.display(),
            described(metadata.uid())
        ),
        None => format!(
            "Goldstar runs as {user}, to whom the files belong, but their modes forbid it: run `chmod \
             -R u+rwX {shown}`"
        ),
    }
}

fn described(user: u32) -> String {
    name_of(user).map_or_else(|| format!("uid {user}"), |name| format!("{name} (uid {user})"))
}

/// `None` for a user that is not in `/etc/passwd`.
fn name_of(user: u32) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number == user.to_string()).then(|| name.to_owned())
    })
}
