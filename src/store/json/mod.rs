//! The store on TinyDB files, made safe by a journal.
