//! The texts about children's devices, and about handing one over.

texts! {
    Devices {
        pair_title: "Connect this device", "Dieses Gerät verbinden";
        pair_lead: "With this, a child uses Goldstar on this device, without a password. The device shows a code, and a parent confirms it on their own phone.",
            "Damit benutzt ein Kind Goldstar auf diesem Gerät, ohne Passwort. Das Gerät zeigt einen Code, und ein Elternteil bestätigt ihn auf dem eigenen Handy.";
        device_name: "Name of this device", "Name dieses Geräts";
        device_name_hint: "So that the parent recognises it, such as \"Kitchen tablet\".",
            "Damit die Eltern es erkennen, zum Beispiel „Küchentablet“.";
        show_code: "Show the code", "Code zeigen";
        choose_child: "Choose who you are", "Auswählen, wer du bist";
        parents_sign_in: "I am a parent and want to sign in", "Ich bin ein Elternteil und möchte mich anmelden";
        code_title: "Confirm this device", "Dieses Gerät bestätigen";
        code_lead: "A parent scans the picture with their phone, or opens \"Devices\" of the child in Goldstar and enters this code:",
            "Ein Elternteil scannt das Bild mit dem Handy oder öffnet in Goldstar beim Kind „Geräte“ und gibt diesen Code ein:";
        qr: "QR code with the address of the page on which a parent confirms this device",
            "QR-Code mit der Adresse der Seite, auf der ein Elternteil dieses Gerät bestätigt";
        code_waiting: "This page continues by itself as soon as the device is confirmed. The code is valid for ten minutes.",
            "Diese Seite geht von selbst weiter, sobald das Gerät bestätigt ist. Der Code gilt zehn Minuten.";
        confirmed_it: "I have confirmed it", "Ich habe es bestätigt";
        other_code: "Start again", "Neu beginnen";
        expired: "The code is not valid any more. Let the device show a new one.",
            "Der Code gilt nicht mehr. Lass einen neuen zeigen.";
        enter_title: "Connect a child's device", "Das Gerät eines Kindes verbinden";
        enter_lead: "Open this page on the child's device without signing in, and enter the code that it shows:",
            "Öffne diese Seite auf dem Gerät des Kindes, ohne dich anzumelden, und gib den Code ein, den es zeigt:";
        code: "Code of the device", "Code des Geräts";
        continue_with: "Continue", "Weiter";
        which_child: "Who uses \"{0}\"?", "Wer benutzt „{0}“?";
        confirm_lead: "Confirm only a device that is in front of you. It stays connected until you remove it.",
            "Bestätige nur ein Gerät, das du vor dir hast. Es bleibt verbunden, bis du es entfernst.";
        confirm: "Confirm the device", "Gerät bestätigen";
        choose_one: "Choose a child.", "Wähle ein Kind aus.";
        no_children: "Add a child first.", "Füge zuerst ein Kind hinzu.";
        title: "Devices of {0}", "Geräte von {0}";
        lead: "On these devices {0} uses Goldstar without a password.",
            "Auf diesen Geräten benutzt {0} Goldstar ohne Passwort.";
        none: "No device is connected yet. Open {0} on the child's device, and enter its code here.",
            "Es ist noch kein Gerät verbunden. Öffne {0} auf dem Gerät des Kindes und gib hier seinen Code ein.";
        last_used: "last used {0}", "zuletzt benutzt: {0}";
        is_waiting: "confirmed, and not opened yet", "bestätigt und noch nicht geöffnet";
        remove: "Remove", "Entfernen";
        connect: "Connect another device", "Weiteres Gerät verbinden";
        connected: "The device is confirmed. It shows the child's page in a few seconds.",
            "Das Gerät ist bestätigt. In wenigen Sekunden zeigt es die Seite des Kindes.";
        hand_over_title: "Hand this device to {0}", "Dieses Gerät {0} geben";
        hand_over_lead: "Goldstar then shows the page of {0} here: the own tasks, rewards and badges, and nothing of the parents. You are signed out on this device. To return, sign in again.",
            "Goldstar zeigt hier dann die Seite von {0}: eigene Aufgaben, Belohnungen und Abzeichen, und nichts von den Eltern. Du wirst auf diesem Gerät abgemeldet. Um zurückzukehren, melde dich wieder an.";
        hand_over: "Hand over", "Übergeben";
        hand_over_link: "Hand over", "Übergeben";
        list_link: "Devices", "Geräte";
    }
}
