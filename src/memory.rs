//! Memory that the process has freed, and that the allocator keeps.

/// Returns free memory to the system. The allocator of glibc keeps what is free between parts that are used, which is
/// much after a start and after the index of the history was saved. Other allocators return it by themselves.
pub fn return_free() {
    // SAFETY: any thread may call it at any time. It changes no memory that is used.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code)]
    unsafe {
        libc::malloc_trim(0);
    }
}
