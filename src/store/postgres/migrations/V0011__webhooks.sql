-- The webhooks of all families: the server that delivers their messages reads them every second.
CREATE INDEX records_webhooks ON records (position) WHERE kind = 'webhooks';
