// Shows the server's OpenAPI document. Requests go to the server of this page, with the session cookie.

// The path of the API: `/`, `/api/`, or the prefix of a proxy.
const root = new URL("..", document.currentScript.src);

// Swagger UI's style sheet has dark colours for pages of this class. The page follows the setting of the
// browser, also when it changes.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
paint();
dark.addEventListener("change", paint);

async function show() {
  const answer = await fetch(new URL("openapi.json", root));
  if (!answer.ok) {
    throw new Error(`the server returned ${answer.status}`);
  }
  const spec = await answer.json();
  const here = root.pathname.replace(/\/$/, "") || "/";
  const others = spec.servers.filter((server) => server.url !== here);
  spec.servers = [{ url: here }, ...others];
  SwaggerUIBundle({
    spec,
    dom_id: "#page",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    // The validator is a service on the internet.
    validatorUrl: null,
  });
}

show().catch((error) => {
  document.getElementById("page").textContent = `The API cannot be shown: ${error.message}`;
});
