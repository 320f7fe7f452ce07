// Draws the diagrams of the pages; where this cannot be loaded, their source stays readable.
import mermaid from "https://cdn.jsdelivr.net/npm/mermaid@11/dist/mermaid.esm.min.mjs";

const sources = [...document.querySelectorAll("pre > code.language-mermaid")];
for (const source of sources) {
    const diagram = document.createElement("div");
    diagram.textContent = source.textContent;
    source.parentElement.replaceWith(diagram);
    diagram.className = "mermaid";
}
mermaid.initialize({ startOnLoad: false });
await mermaid.run({ querySelector: ".mermaid" });
