//! The texts of the pages on which administrators manage accounts and their deletion.

texts! {
    ConsoleAccounts {
        title: "Accounts", "Konten";
        search: "Name, email address or id", "Name, E-Mail-Adresse oder ID";
        email: "Exactly this email address", "Genau diese E-Mail-Adresse";
        state: "State", "Zustand";
        all: "all", "alle";
        active: "active", "aktiv";
        marked: "marked for deletion", "zum Löschen markiert";
        parent: "Parent", "Elternteil";
        admin: "Administrator", "Administrator";
        created: "created", "angelegt";
        role: "Role", "Rolle";
        id: "Id", "ID";
        created_at: "Created", "Angelegt";
        sessions: "Sessions", "Sitzungen";
        last_used: "Last used", "Zuletzt benutzt";
        never: "never", "nie";
        deletion: "Deletion", "Löschung";
        due: "due {0}", "fällig {0}";
        unreadable: "its mark cannot be read", "die Markierung ist nicht lesbar";
        to_events: "Its events", "Seine Ereignisse";
        access: "Access", "Zugang";
        end_sessions: "End all sessions", "Alle Sitzungen beenden";
        end_sessions_hint: "Also those of its children.", "Auch die seiner Kinder.";
        reset: "Create a link for a new password", "Link für ein neues Passwort erstellen";
        reset_hint: "Give the link only to the person whom the account belongs to.",
            "Gib den Link nur der Person, der das Konto gehört.";
        promote: "Make it an administrator's", "Zum Administrator machen";
        promote_hint: "An administrator can do everything in this console. Its sessions end.",
            "Ein Administrator kann alles in dieser Verwaltung. Die Sitzungen des Kontos enden.";
        demote: "Make it a parent's", "Zum Elternteil machen";
        demote_hint: "Its sessions end.", "Die Sitzungen des Kontos enden.";
        mark: "Mark for deletion", "Zum Löschen markieren";
        mark_hint: "Its sessions end. Until it is deleted, you and its owner can restore it.",
            "Die Sitzungen enden. Bis zur Löschung könnt ihr es beide wiederherstellen.";
        unmark: "Do not delete it", "Nicht löschen";
        delete: "Delete now", "Jetzt löschen";
        delete_hint: "The account, its family and everything personal are deleted at once. This cannot be undone.",
            "Das Konto, seine Familie und alles Persönliche werden sofort gelöscht. Das lässt sich nicht rückgängig machen.";
        delete_sure: "I know that nobody can bring it back", "Ich weiß, dass es niemand zurückholen kann";
        done_sessions: "Its sessions have ended.", "Die Sitzungen sind beendet.";
        done_promoted: "It is an administrator's account now.", "Es ist jetzt das Konto eines Administrators.";
        done_demoted: "It is a parent's account now.", "Es ist jetzt das Konto eines Elternteils.";
        done_marked: "The account is marked for deletion.", "Das Konto ist zum Löschen markiert.";
        done_unmarked: "The account will not be deleted.", "Das Konto wird nicht gelöscht.";
        deletions: "Deletions", "Löschungen";
        deletions_lead: "Accounts that are marked for deletion, in the order in which they are deleted.",
            "Konten, die zum Löschen markiert sind, in der Reihenfolge ihrer Löschung.";
        none_marked: "No account is marked for deletion.", "Kein Konto ist zum Löschen markiert.";
        run_due: "Delete those that are due now", "Die fälligen jetzt löschen";
        pending: "waits", "wartet";
        in_progress: "is being deleted", "wird gelöscht";
        retrying: "has failed and is tried again", "ist fehlgeschlagen und wird wiederholt";
        failed: "has failed and needs you", "ist fehlgeschlagen und braucht dich";
        next_attempt: "next attempt {0}", "nächster Versuch {0}";
        waiting_for: "waits for the servers {0}", "wartet auf die Server {0}";
        threshold: "Waiting time", "Wartezeit";
        threshold_hint: "How long a marked account waits, from {0} to {1} hours. Also for accounts that are marked already. Usual: {2}.",
            "Wie lange ein markiertes Konto wartet, von {0} bis {1} Stunden. Auch für Konten, die schon markiert sind. Üblich: {2}.";
        hours: "Hours", "Stunden";
        done_threshold: "The waiting time is saved.", "Die Wartezeit ist gespeichert.";
        done_ran: "The run has ended. Accounts that are left are listed below.",
            "Der Durchlauf ist fertig. Was übrig ist, steht unten.";
        outcome_deleted: "The account is deleted.", "Das Konto ist gelöscht.";
        outcome_failed: "The account could not be deleted. The reason is below.",
            "Das Konto konnte nicht gelöscht werden. Der Grund steht unten.";
        outcome_interrupted: "The deletion was interrupted. The server continues it.",
            "Die Löschung wurde unterbrochen. Der Server setzt sie fort.";
        outcome_held: "The account waits: the clock of the server is doubted, or it was started first a short time ago.",
            "Das Konto wartet: Die Uhr des Servers ist zweifelhaft, oder er läuft erst seit Kurzem.";
        outcome_waiting: "Other servers still have logs of the account. The last one completes the deletion.",
            "Andere Server haben noch Protokolle des Kontos. Der letzte schließt die Löschung ab.";
    }
    counted {
        attempts: ["{0} failed attempt", "{0} failed attempts"], ["{0} Fehlversuch", "{0} Fehlversuche"];
        found: ["{0} account", "{0} accounts"], ["{0} Konto", "{0} Konten"];
    }
}
