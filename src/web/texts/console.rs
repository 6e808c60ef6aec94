//! The texts of the console for administrators.

texts! {
    Console {
        confirm_title: "Is it still you?", "Bist das noch du?";
        confirm_lead: "The console was not used for 20 minutes. Enter your password to go on.",
            "Die Verwaltung wurde 20 Minuten nicht benutzt. Gib dein Passwort ein, um weiterzumachen.";
        confirm: "Go on", "Weiter";
        your_password: "Your password", "Dein Passwort";
        pages: "Pages of the list", "Seiten der Liste";
        before: "Before", "Zurück";
        after: "Next", "Weiter";
        search: "Search", "Suchen";
        nothing: "Nothing was found.", "Es wurde nichts gefunden.";
        wrong_filter: "This filter is not possible: {0}.", "Dieser Filter ist nicht möglich: {0}.";
        overview: "Overview", "Übersicht";
        status_ok: "Everything works", "Alles funktioniert";
        status_degraded: "The server works, but something lags behind",
            "Der Server funktioniert, aber etwas ist im Rückstand";
        status_failing: "The last change could not be saved", "Die letzte Änderung konnte nicht gespeichert werden";
        status_read_only: "Nothing can be saved until a restart", "Bis zu einem Neustart kann nichts gespeichert werden";
        attention: "Please look at this", "Bitte ansehen";
        no_attention: "There is nothing to do.", "Es gibt nichts zu tun.";
        read_only: "Nothing can be saved until the server is restarted. Its log says why.",
            "Bis zu einem Neustart des Servers kann nichts gespeichert werden. Sein Log sagt, warum.";
        failing: "Changes cannot be saved: {0}.", "Änderungen können nicht gespeichert werden: {0}.";
        behind: "{0} lags behind.", "{0} ist im Rückstand.";
        behind_error: "{0} has failed: {1}.", "{0} ist fehlgeschlagen: {1}.";
        no_backups: "The server makes no backups by itself. Set backup_dir, or make backups yourself.",
            "Der Server macht keine Sicherungen von selbst. Setze backup_dir, oder sichere selbst.";
        no_backup_yet: "There is no backup yet, although the server should make backups.",
            "Es gibt noch keine Sicherung, obwohl der Server welche machen soll.";
        late_backup: "The last backup is too old: {0}.", "Die letzte Sicherung ist zu alt: {0}.";
        open_sign_up: "Anyone who reaches this server can create an account. Close it with signup = \"closed\" if you do not want that.",
            "Wer diesen Server erreicht, kann ein Konto anlegen. Schließe das mit signup = \"closed\", wenn du es nicht willst.";
        activity: "Events of the last 30 days", "Ereignisse der letzten 30 Tage";
        day: "Day (UTC)", "Tag (UTC)";
        events: "Events", "Ereignisse";
        families: "Active families", "Aktive Familien";
        sign_ups: "New accounts", "Neue Konten";
        deletions: "Deleted accounts", "Gelöschte Konten";
        counts: "What there is", "Was es gibt";
        accounts: "Accounts", "Konten";
        administrators: "Administrators", "Administratoren";
        marked: "Marked for deletion", "Zum Löschen markiert";
        sessions: "Sessions", "Sitzungen";
        children: "Children", "Kinder";
        tasks: "Tasks and penalties", "Aufgaben und Strafen";
        rewards: "Rewards", "Belohnungen";
        last_day: "Events of 24 hours", "Ereignisse in 24 Stunden";
        last_week: "Events of 7 days", "Ereignisse in 7 Tagen";
        last_month: "Events of 30 days", "Ereignisse in 30 Tagen";
        size: "Size", "Größe";
        server: "Server", "Server";
        version: "Version", "Version";
        storage: "Storage", "Speicher";
        storage_files: "Data directory", "Datenverzeichnis";
        storage_database: "PostgreSQL", "PostgreSQL";
        started: "Started", "Gestartet";
        time_zone: "Time zone", "Zeitzone";
        last_backup: "Last verified backup", "Letzte geprüfte Sicherung";
        never: "none", "keine";
        sign_up: "New accounts", "Neue Konten";
        sign_up_open: "anyone can sign up", "jeder kann sich anmelden";
        sign_up_closed: "by invitation only", "nur mit Einladung";
        followers: "Work in the background", "Arbeit im Hintergrund";
        follower: "Name", "Name";
        backlog: "Waiting", "Wartet";
        last_error: "Last error", "Letzter Fehler";
        support: "Text for support", "Text für Hilfe von anderen";
        support_hint: "It contains no names, no addresses and no secrets.",
            "Er enthält keine Namen, keine Adressen und keine Geheimnisse.";
        tracking: "Events of all families", "Ereignisse aller Familien";
        filters: "Filters", "Filter";
        user_id: "Account", "Konto";
        child_id: "Child", "Kind";
        entity_type: "Type", "Art";
        entity_id: "Task or reward", "Aufgabe oder Belohnung";
        action: "Action", "Aktion";
        any: "any", "beliebig";
        from: "From", "Von";
        to: "To", "Bis";
        moment_hint: "A date such as 2026-02-09, or with a time: 2026-02-09T18:42:15Z",
            "Ein Datum wie 2026-02-09, oder mit Uhrzeit: 2026-02-09T18:42:15Z";
        zone: "Time zone of dates", "Zeitzone der Daten";
        zone_hint: "UTC, family, or a name such as Europe/Berlin.",
            "UTC, family oder ein Name wie Europe/Berlin.";
        order: "Order", "Reihenfolge";
        newest: "Newest first", "Neueste zuerst";
        oldest: "Oldest first", "Älteste zuerst";
        limit: "Per page", "Pro Seite";
        export_csv: "Export as CSV", "Als CSV exportieren";
        export_json: "Export as NDJSON", "Als NDJSON exportieren";
        deleted_account: "deleted account", "gelöschtes Konto";
        account_of_event: "Account {0}", "Konto {0}";
        damaged: "An event that cannot be read", "Ein Ereignis, das nicht lesbar ist";
        live: "Live events", "Live-Ereignisse";
        live_lead: "The newest 50 events of all families, updated every five seconds while this page is visible.",
            "Die neuesten 50 Ereignisse aller Familien. Sie werden alle fünf Sekunden aktualisiert, solange die Seite sichtbar ist.";
        no_events: "Nothing has happened yet.", "Es ist noch nichts passiert.";
        log: "What administrators have done", "Was Administratoren getan haben";
        log_lead: "The newest first. The log is kept for 400 days.",
            "Das Neueste zuerst. Das Protokoll bleibt 400 Tage.";
        by_operator: "by a command on the server", "durch einen Befehl auf dem Server";
        by: "by {0}", "von {0}";
        about: "account: {0}", "Konto: {0}";
        gone: "a deleted account ({0})", "ein gelöschtes Konto ({0})";
        backups: "Backups", "Sicherungen";
        backup_lead: "A file with everything that the server stores, also the password hashes and personal data of all accounts. Keep it encrypted. The command goldstar restore reads it.",
            "Eine Datei mit allem, was der Server speichert, auch den Passwort-Hashes und persönlichen Daten aller Konten. Bewahre sie verschlüsselt auf. Der Befehl goldstar restore liest sie.";
        backup_create: "Create and download", "Erstellen und herunterladen";
        scheduled: "Backups that the server has made", "Sicherungen, die der Server gemacht hat";
        scheduled_lead: "Each was verified when it was made. Keep copies on another machine.",
            "Jede wurde beim Erstellen geprüft. Bewahre Kopien auf einem anderen Rechner auf.";
        no_schedule: "The server makes no backups by itself. Set backup_dir to change that.",
            "Der Server macht keine Sicherungen von selbst. Setze backup_dir, um das zu ändern.";
        none_stored: "There is none yet.", "Es gibt noch keine.";
        download: "Download", "Herunterladen";
        verify: "Verify", "Prüfen";
        is_sound: "The backup is complete and readable: {0}.", "Die Sicherung ist vollständig und lesbar: {0}.";
        is_damaged: "The backup is damaged: {0}. Use another one. The reason is in the server log.",
            "Die Sicherung ist beschädigt: {0}. Nimm eine andere. Der Grund steht im Server-Log.";
        webhooks: "Webhooks of all families", "Webhooks aller Familien";
        webhooks_lead: "Only the host is shown: an address can contain secrets. Families manage their webhooks themselves.",
            "Nur der Host wird gezeigt: Eine Adresse kann Geheimnisse enthalten. Familien verwalten ihre Webhooks selbst.";
        no_webhooks: "No family has a webhook.", "Keine Familie hat einen Webhook.";
        hook_works: "works", "funktioniert";
        hook_fails: "fails since {0}", "schlägt fehl seit {0}";
        hook_by_parent: "disabled by the family", "von der Familie abgeschaltet";
        hook_gone: "disabled: the receiver does not exist any more", "abgeschaltet: den Empfänger gibt es nicht mehr";
        hook_failed: "disabled after five days of failures", "abgeschaltet nach fünf Tagen voller Fehler";
        to_account: "Account", "Konto";
    }
    counted {
        stuck_deletions: ["The deletion of {0} account needs you.", "The deletions of {0} accounts need you."],
            ["Die Löschung von {0} Konto braucht dich.", "Die Löschungen von {0} Konten brauchen dich."];
        found: ["{0} event", "{0} events"], ["{0} Ereignis", "{0} Ereignisse"];
    }
}
