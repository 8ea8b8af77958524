// A page as a user of the package writes it: /?host=https://…&message=…
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { AttachmentList, useEmailAttachments } from "../../dist/index.js";
import "../../dist/style.css";

const query = new URLSearchParams(location.search);

function Message() {
  const mail = useEmailAttachments(query.get("message") ?? "", { baseUrl: query.get("host") ?? "", pollInterval: 100 });
  return (
    <>
      <h1>One message</h1>
      <AttachmentList
        attachments={mail.attachments}
        loading={mail.loading}
        error={mail.error}
        onDownload={(a) => mail.downloadAttachment(a.id)}
        onCheckStatus={(a) => mail.checkScanStatus(a.id)}
      />
    </>
  );
}

createRoot(document.getElementById("root")!).render(<StrictMode><Message /></StrictMode>);
