// Requests to the service: the token, retries while it is busy, and errors as readable lines.

let token = sessionStorage.getItem("token") || "";

const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

function askForToken() {
  const dialog = document.querySelector("#ask");
  if (!dialog.open) dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      token = dialog.querySelector("input").value.trim();
      sessionStorage.setItem("token", token);
      done();
    }, {once: true});
  });
}

async function lineOf(response) {
  try {
    return (await response.json()).detail;
  } catch {
    return `the service answered ${response.status}`;
  }
}

export async function call(path, options = {}) {
  for (let attempt = 0; ; attempt += 1) {
    const headers = token ? {Authorization: `Bearer ${token}`} : {};
    const response = await fetch(path, {...options, headers: {...options.headers, ...headers}});
    if (response.ok) return response;
    if (response.status === 401) await askForToken();
    else if (response.status === 429 && attempt < 6) await wait(Number(response.headers.get("Retry-After")) || 1);
    else throw new Error(await lineOf(response));
    options.signal?.throwIfAborted();
  }
}

export const get = async (path) => (await call(path)).json();

export function send(path, picture, signal) {
  const headers = {"Content-Type": picture.type.startsWith("image/") ? picture.type : "application/octet-stream"};
  return call(path, {method: "POST", body: picture, headers, signal});
}
