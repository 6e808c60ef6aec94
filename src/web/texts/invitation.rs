//! The texts of the page that an invitation opens.

texts! {
    Invitation {
        title: "You are invited", "Du bist eingeladen";
        lead: "Open the invitation to see whose family it is to.",
            "Öffne die Einladung, um zu sehen, wer dich einlädt.";
        link: "Link that you have received", "Link, den du bekommen hast";
        open: "Open the invitation", "Einladung öffnen";
        as_parent: "{0} invites you to the family, as a parent: you can do everything except manage the adults.",
            "{0} lädt dich als Elternteil in die Familie ein: Du kannst alles, außer die Erwachsenen verwalten.";
        as_helper: "{0} invites you to the family, as a helper: you can give points and answer requests.",
            "{0} lädt dich als Hilfe in die Familie ein: Du kannst Punkte geben und Anfragen beantworten.";
        until: "The invitation ends {0}.", "Die Einladung gilt bis {0}.";
        only_for: "It is only for the account with the address {0}.",
            "Sie ist nur für das Konto mit der Adresse {0}.";
        accept: "Join as {0}", "Als {0} beitreten";
        accept_hint: "You are signed in as {0}. The own family of this account must be empty.",
            "Du bist als {0} angemeldet. Die eigene Familie dieses Kontos muss leer sein.";
        as_child: "This browser is a child's. Sign in, or open the link on your own device.",
            "Dieser Browser gehört einem Kind. Melde dich an, oder öffne den Link auf deinem eigenen Gerät.";
        sign_up: "I am new here", "Ich bin neu hier";
        sign_up_submit: "Create an account and join", "Konto erstellen und beitreten";
        sign_in: "I have an account", "Ich habe ein Konto";
        sign_in_submit: "Sign in and join", "Anmelden und beitreten";
        other_account: "Use another account", "Ein anderes Konto benutzen";
    }
}
