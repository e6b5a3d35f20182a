// Fills each <section data-form="..."> with a form of Expunge, from its descriptor alone.
// Until then, and where scripts are off, the section's own link leads to the same form.

for (const section of document.querySelectorAll("section[data-form]")) {
  show(section).catch(() => {}); // the link stays
}

async function show(section, kept = {}, problem = null) {
  const answer = await fetch(section.dataset.form, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no descriptor");
  const descriptor = await answer.json();
  const form = element("form", { noValidate: true, lang: descriptor.language });
  if (problem) form.append(report(problem));
  for (const field of descriptor.fields) form.append(line(field, kept, problem));
  for (const one of descriptor.declarations) form.append(declaration(one));
  form.append(honeypot(descriptor), element("button", { textContent: "Send" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(section, descriptor, form).catch(() => form.prepend(element("p", {
      role: "alert", textContent: "This did not arrive. Try again in some minutes.",
    })));
  });
  section.replaceChildren(form);
  form.querySelector("[role=alert]")?.focus();
}

async function send(section, descriptor, form) {
  const entries = Object.fromEntries(new FormData(form));
  if (descriptor.form_id) entries[descriptor.form_id.name] = descriptor.form_id.value;
  if (descriptor.work) entries[descriptor.work.name] = await work(descriptor.work.challenge);
  // A wording beside the button is agreed to by the button; a box only by its tick.
  for (const one of descriptor.declarations) {
    if (one.shown_as === "beside-button") entries[one.name] = one.value;
  }
  const answer = await fetch(new URL(descriptor.action, section.dataset.form), {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(entries),
    credentials: "omit",
  });
  if (answer.status === 202) {
    const thanks = element("p", { role: "status", textContent: section.dataset.thanks });
    section.replaceChildren(thanks);
    return;
  }
  // Entries stay; the question, the form id and every wording are asked for anew: what was
  // agreed to before is not agreed to again by itself.
  await show(section, entries, await answer.json());
}

function line(field, kept, problem) {
  const mark = field.mandatory ? " *" : "";
  const wrong = problem?.errors?.find((error) => error.field === field.name);
  const input = control(field);
  input.name = field.name;
  input.autocomplete = field.autocomplete;
  input.required = field.mandatory;
  if (field.max_length && "maxLength" in input) input.maxLength = field.max_length;
  if (input.type === "checkbox") {
    input.value = "yes";
    input.checked = kept[field.name] === "yes";
  } else if (field.kind !== "question" && field.kind !== "password") {
    input.value = kept[field.name] ?? "";
  }
  const label = element("label", { textContent: field.label + mark });
  if (field.hint) label.append(element("small", { textContent: ` ${field.hint}` }));
  label.append(element("br"), input);
  if (wrong) {
    input.setAttribute("aria-invalid", "true");
    label.append(element("strong", { textContent: wrong.detail }));
  }
  return paragraph(label);
}

function control(field) {
  if (field.kind === "long-text") return element("textarea", { rows: 8 });
  if (field.kind === "choice") {
    const select = element("select");
    const choices = [{ value: "", label: "" }, ...field.choices];
    select.append(...choices.map((one) => new Option(one.label, one.value)));
    return select;
  }
  const types = { email: "email", telephone: "tel", tick: "checkbox", password: "password" };
  return element("input", { type: types[field.kind] ?? "text" });
}

function declaration(one) {
  if (one.shown_as === "beside-button") return element("p", { textContent: one.text });
  // The value is the digest of these very words, so nobody agrees to others.
  const box = element("input", { type: "checkbox", name: one.name, value: one.value });
  const label = element("label", { textContent: ` ${one.text}` });
  label.prepend(box);
  return paragraph(label);
}

function honeypot(descriptor) {
  // No person sees it or reaches it: whoever fills it is a program.
  const input = element("input", { name: descriptor.honeypot ?? "", tabIndex: -1, autocomplete: "off" });
  const hidden = element("p", { hidden: true });
  hidden.setAttribute("aria-hidden", "true");
  if (descriptor.honeypot) hidden.append(input);
  return hidden;
}

function report(problem) {
  const list = (problem.errors ?? []).map((error) => element("li", { textContent: error.detail }));
  const box = element("div", { tabIndex: -1 });
  box.setAttribute("role", "alert");
  box.append(element("p", { textContent: problem.title }), element("ul"));
  box.lastChild.append(...list);
  return box;
}

function paragraph(...parts) {
  const found = element("p");
  found.append(...parts);
  return found;
}

function element(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}

// A second of computing for each post: nothing for a person, much for a flood (ALTCHA, version 2).
async function work(challenge) {
  const { salt, nonce, cost, keyPrefix } = challenge.parameters;
  const tried = new Uint8Array([...octets(salt), ...octets(nonce), 0, 0, 0, 0]);
  const counted = new DataView(tried.buffer, tried.length - 4);
  for (let counter = 0; ; counter += 1) {
    counted.setUint32(0, counter);
    let digest = tried;
    for (let round = 0; round < cost; round += 1) digest = await crypto.subtle.digest("SHA-256", digest);
    const derivedKey = hex(new Uint8Array(digest));
    if (derivedKey.startsWith(keyPrefix)) {
      return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
    }
  }
}

function octets(text) {
  return text.match(/../g).map((two) => parseInt(two, 16));
}

function hex(bytes) {
  return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
}
