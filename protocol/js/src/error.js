/**
 * What went wrong, as one kind of error whichever layer failed: the agent's own problem documents (RFC 9457), and what only the
 * page can tell, because nothing reached the agent. Codes are stable; texts are French unless English is asked for.
 */

/** What only the page can tell. Who: `user`, `administrator`, `developer`. */
const PAGE_CODES = {
  "agent-answer-unreadable": {
    layer: "agent",
    who: "developer",
    title: ["La réponse de Paraphe est illisible.", "Paraphe's answer cannot be read."],
    remedy: [
      "Signalez-le à l'éditeur de Paraphe, avec la version de l'agent.",
      "Tell the developers of Paraphe, with the agent's version.",
    ],
  },
  "agent-not-running": {
    layer: "agent",
    who: "user",
    title: ["Paraphe n'est pas en service sur ce poste.", "Paraphe is not running on this workstation."],
    remedy: [
      "Démarrez Paraphe, puis recommencez. S'il n'est pas installé, demandez-le à l'administrateur du poste.",
      "Start Paraphe, then try again. If it is not installed, ask the workstation's administrator for it.",
    ],
  },
  "agent-too-old": {
    layer: "agent",
    who: "administrator",
    title: ["La version de Paraphe sur ce poste est trop ancienne pour ce site.", "Paraphe on this workstation is too old for this site."],
    remedy: ["Mettez Paraphe à jour sur ce poste.", "Update Paraphe on this workstation."],
  },
  "browser-certificate-not-trusted": {
    layer: "browser",
    who: "administrator",
    title: [
      "Le navigateur n'accepte pas le certificat local de Paraphe.",
      "The browser does not accept Paraphe's local certificate.",
    ],
    remedy: [
      "Lancez `sudo paraphe trust install` sur ce poste, puis redémarrez le navigateur.",
      "Run `sudo paraphe trust install` on this workstation, then restart the browser.",
    ],
  },
  "browser-permission-refused": {
    layer: "browser",
    who: "user",
    title: [
      "Le navigateur n'autorise pas ce site à joindre Paraphe sur ce poste.",
      "The browser does not let this site reach Paraphe on this workstation.",
    ],
    remedy: [
      "Ouvrez les autorisations du site (à gauche de l'adresse), autorisez l'accès aux applications de cet appareil, puis rechargez la page. L'administrateur peut l'autoriser pour tous : `sudo paraphe trust install`.",
      "Open the site's permissions (left of the address), allow access to apps on this device, then reload the page. The administrator can allow it for everybody: `sudo paraphe trust install`.",
    ],
  },
  "site-not-granted": {
    layer: "policy",
    who: "user",
    title: ["Ce site n'est pas encore associé à Paraphe sur ce poste.", "This site is not paired with Paraphe on this workstation yet."],
    remedy: [
      "Associez-le : le site le demande, et vous acceptez dans la fenêtre de Paraphe après avoir comparé le nombre.",
      "Pair it: the site asks, and you accept in Paraphe's window once you have compared the number.",
    ],
  },
  "wrong-program-on-port": {
    layer: "agent",
    who: "administrator",
    title: ["Un autre programme occupe le port de Paraphe.", "Another program holds Paraphe's port."],
    remedy: [
      "Trouvez-le avec `paraphe doctor` et arrêtez-le, ou donnez un autre port à Paraphe.",
      "Find it with `paraphe doctor` and stop it, or give Paraphe another port.",
    ],
  },
};

export class ParapheError extends Error {
  /** @param {object} problem A problem document. */
  constructor(problem, options) {
    super(problem.detail ? `${problem.title} ${problem.detail}` : problem.title, options);
    this.name = "ParapheError";
    this.code = problem.code;
    this.layer = problem.layer;
    this.title = problem.title;
    this.detail = problem.detail;
    this.remedy = problem.remedy;
    this.status = problem.status;
    this.triesLeft = problem.tries_left;
    this.choices = problem.choices ?? [];
  }

  /** One of the codes that only the page can tell. */
  static of(code, language, options) {
    const { layer, who, title, remedy } = PAGE_CODES[code];
    const index = language === "en" ? 1 : 0;
    return new ParapheError({ code, layer, title: title[index], remedy: { who, text: remedy[index] } }, options);
  }

  /** The person closed the window, or let it pass: not a failure. */
  get isRefusalByPerson() {
    return this.code === "operation-cancelled";
  }
}
