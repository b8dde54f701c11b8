// Browsers start no worker from a file, and the search is one: where the pages are read as files, it runs in a hidden frame.
class FrameWorker extends EventTarget {
  constructor(url) {
    super();
    const code = String(new URL(url, document.baseURI)).replaceAll('"', "%22");
    this.waiting = [];
    this.frame = document.createElement("iframe");
    this.frame.hidden = true;
    this.frame.title = "search";
    this.frame.srcdoc = `<script>var postMessage = parent.postMessage.bind(parent)</script><script src="${code}"></script>`;
    this.frame.addEventListener("load", () => {
      this.ready = true;
      for (const data of this.waiting) this.postMessage(data);
    });
    addEventListener("message", (event) => {
      if (event.source === this.frame.contentWindow) this.dispatchEvent(new MessageEvent("message", { data: event.data }));
    });
    const add = () => document.body.append(this.frame);
    if (document.body) add();
    else addEventListener("DOMContentLoaded", add);
  }

  postMessage(data) {
    if (this.ready) this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
    else this.waiting.push(data);
  }
}

if (location.protocol === "file:") window.Worker = FrameWorker;
