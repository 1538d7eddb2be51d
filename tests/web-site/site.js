/** The page: reception creates a record, a physician logs in and signs a lot. Every call to Paraphe is on a click of the person. */
import { Paraphe } from "./paraphe/index.js";
import { RecordServer } from "./record.js";

const element = (id) => document.getElementById(id);
const paraphe = new Paraphe({ language: document.documentElement.lang });
const records = new RecordServer();
/** What is known so far. */
const known = { patient: null, holder: null, record: null };

function say(id, text) {
  element(id).textContent = text;
}

/** Runs `work` on a click; what fails is shown with what to do about it. */
function onClick(id, work) {
  element(id).addEventListener("click", async () => {
    element("problem").hidden = true;
    element(id).setAttribute("aria-busy", "true");
    try {
      await work();
    } catch (problem) {
      say("problem-title", problem.title ?? problem.message);
      say("problem-remedy", problem.remedy?.text ?? problem.remedy ?? "");
      say("problem-code", problem.code ?? "");
      element("problem").hidden = false;
    } finally {
      element(id).removeAttribute("aria-busy");
    }
  });
}

onClick("pair", async () => {
  const rights = ["read-professional", "read-patient", "log-in", "sign"];
  const onNumber = (number) => {
    const strong = document.createElement("strong");
    strong.textContent = number;
    element("pairing").replaceChildren("Comparez avec la fenêtre de Paraphe : ", strong);
  };
  const { state } = await paraphe.pair(rights, { onNumber });
  say("pairing", state === "granted" ? "Ce site est associé au poste." : "Ce site n'a pas été associé.");
});

onClick("read", async () => {
  const { readers } = await paraphe.status();
  const fieldset = element("professionals");
  fieldset.replaceChildren(fieldset.firstElementChild);
  for (const { name, card } of readers) {
    if (!card?.kind.startsWith("cps")) {
      continue;
    }
    const { holder } = await paraphe.readCard({ reader: name });
    const label = document.createElement("label");
    const choice = Object.assign(document.createElement("input"), { type: "radio", name: "reader", value: name });
    choice.addEventListener("change", () => {
      element("login").disabled = false;
    });
    label.append(choice, ` ${nameOf(holder)} (${holder.card_kind.toUpperCase()})`);
    fieldset.append(label);
  }
  fieldset.hidden = false;
  const { beneficiaries } = await paraphe.readVitale();
  known.patient = beneficiaries[0];
  say("patient", `Carte Vitale : ${known.patient.given_name} ${known.patient.family_name}`);
});

onClick("login", async () => {
  const reader = document.querySelector("input[name=reader]:checked").value;
  known.holder = await records.logIn(paraphe, reader);
  known.reader = reader;
  say("session", `Connecté : ${nameOf(known.holder)}`);
  element("create").disabled = known.holder.card_kind !== "cpe";
  element("sign").disabled = known.holder.card_kind !== "cps";
});

onClick("create", async () => {
  if (!element("consent").checked) {
    throw new Error("Recueillez d'abord le consentement du patient.");
  }
  const receipt = await records.createRecord(known.patient, known.holder.national_id);
  say("record", `Dossier ${receipt.record} créé.`);
});

onClick("sign", async () => {
  const { nir } = known.patient;
  const { exists, record } = await records.recordOf(nir);
  if (!exists) {
    throw new Error("Ce patient n'a pas encore de dossier.");
  }
  const documents = [];
  for (const file of element("files").files) {
    const { document, sha256 } = await paraphe.putDocument(file);
    documents.push({ source: { document }, title: file.name, sha256 });
  }
  const signed = await paraphe.signLot({
    profile: "dsg",
    patient: { ins: nir.number + nir.key },
    documents,
    reader: known.reader,
  });
  const receipt = await records.sendLot(record, signed, paraphe);
  const rows = (await records.documents(record)).documents.map(({ title, media_type, size }) => {
    const row = document.createElement("tr");
    for (const value of [title, media_type, size]) {
      row.insertCell().textContent = value;
    }
    return row;
  });
  element("documents").tBodies[0].replaceChildren(...rows);
  element("documents").hidden = false;
  say("lot", `${receipt.documents.length} documents signés par ${nameOf(known.holder)}, reçus et vérifiés par le dossier.`);
});

function nameOf({ given_name, family_name, pseudonym, national_id }) {
  return [given_name, family_name].filter(Boolean).join(" ") || pseudonym || national_id;
}
