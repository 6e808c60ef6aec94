//! The texts of the page of an account, and of its deletion.

texts! {
    Account {
        title: "Your account", "Dein Konto";
        saved: "Saved.", "Gespeichert.";
        password_saved: "The new password is set. All other sessions have ended.",
            "Das neue Passwort ist gesetzt. Alle anderen Sitzungen sind beendet.";
        session_ended: "The session has ended.", "Die Sitzung ist beendet.";
        profile: "Name and language", "Name und Sprache";
        language: "Language of the pages", "Sprache der Seiten";
        language_of_browser: "As the browser", "Wie der Browser";
        sign_in: "How you sign in", "So meldest du dich an";
        email_now: "You sign in with {0}.", "Du meldest dich mit {0} an.";
        change_email: "Change the email address", "E-Mail-Adresse ändern";
        new_email: "New email address", "Neue E-Mail-Adresse";
        change_password: "Change the password", "Passwort ändern";
        current_password: "Current password", "Jetziges Passwort";
        password_hint: "All your other sessions end.", "Alle deine anderen Sitzungen enden.";
        sessions: "Where you are signed in", "Hier bist du angemeldet";
        sessions_hint: "End a session that you do not know, and change your password.",
            "Beende eine Sitzung, die du nicht kennst, und ändere dein Passwort.";
        this_session: "this browser", "dieser Browser";
        of_adult: "You", "Du";
        of_child: "Child: {0}", "Kind: {0}";
        of_device: "{0}, device “{1}”", "{0}, Gerät „{1}“";
        used: "used", "benutzt";
        since: "since", "seit";
        end: "End", "Beenden";
        end_all: "End all sessions, also this one", "Alle Sitzungen beenden, auch diese";
        data: "Your data", "Deine Daten";
        data_hint: "A file with everything that is stored about you and your family.",
            "Eine Datei mit allem, was über dich und deine Familie gespeichert ist.";
        download: "Download", "Herunterladen";
        data_of_member: "A file with everything that is stored about you.",
            "Eine Datei mit allem, was über dich gespeichert ist.";
        leave: "Leave the family", "Die Familie verlassen";
        leave_hint: "You keep your account. The owner can invite you again.",
            "Du behältst dein Konto. Die Leitung kann dich wieder einladen.";
        delete: "Delete the account", "Konto löschen";
        delete_hint: "You see first what will be deleted, and when.",
            "Du siehst zuerst, was wann gelöscht wird.";
        delete_title: "Delete your account?", "Dein Konto löschen?";
        delete_date: "If you go on, the account will be deleted after {0}.",
            "Wenn du fortfährst, wird das Konto nach dem {0} gelöscht.";
        delete_restore: "Until then nobody can use it. Sign in until then to restore it.",
            "Bis dahin kann es niemand benutzen. Melde dich bis dahin an, um es wiederherzustellen.";
        delete_all: "Your children, tasks, rewards and requests are deleted with it. Nobody can bring them back.",
            "Deine Kinder, Aufgaben, Belohnungen und Anfragen werden mit gelöscht. Niemand kann sie zurückholen.";
        delete_of_member: "The family, its children and its points stay. Only you leave it.",
            "Die Familie, ihre Kinder und ihre Punkte bleiben. Nur du verlässt sie.";
        delete_members: "These members lose the family, too: {0}.",
            "Auch diese Mitglieder verlieren die Familie: {0}.";
        delete_transfer: "Give the family to one of them instead",
            "Die Familie stattdessen an jemanden davon übergeben";
        delete_family: "Delete the whole family", "Die ganze Familie löschen";
        delete_export: "Download your data first", "Vorher deine Daten herunterladen";
        delete_submit: "Delete the account", "Konto löschen";
        marked_title: "Your account will be deleted", "Dein Konto wird gelöscht";
        marked: "It will be deleted after {0}. Sign in until then if you want to keep it.",
            "Es wird nach dem {0} gelöscht. Melde dich bis dahin an, wenn du es behalten willst.";
    }
}
