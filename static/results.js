/* The page of a batch. */
"use strict";

sessionStorage.removeItem(`draft ${location.pathname.split("/").pop()}`);  // submitted: see drafts-keep.js
