//! The texts of the actions in the administration log.

texts! {
    ConsoleLog {
        account_created: "Account created", "Konto angelegt";
        account_updated: "Account changed", "Konto geändert";
        account_promoted: "Made an administrator's account", "Zum Administrator gemacht";
        account_demoted: "Made a parent's account", "Zum Elternteil gemacht";
        password_set: "Password replaced", "Passwort ersetzt";
        reset_link_created: "Link for a new password created", "Link für ein neues Passwort erstellt";
        sessions_ended: "Sessions ended", "Sitzungen beendet";
        account_marked: "Marked for deletion", "Zum Löschen markiert";
        account_unmarked: "Mark removed", "Markierung entfernt";
        account_deleted: "Account deleted", "Konto gelöscht";
        due_accounts_deleted: "Due accounts deleted", "Fällige Konten gelöscht";
        threshold_set: "Waiting time changed", "Wartezeit geändert";
        backup_created: "Backup created", "Sicherung erstellt";
        api_token_created: "Administrative API token created", "API-Token für die Verwaltung erstellt";
        api_token_revoked: "Administrative API token revoked", "API-Token für die Verwaltung widerrufen";
        backup_downloaded: "Backup downloaded", "Sicherung heruntergeladen";
    }
}
