-- +goose Up
SELECT 7;
-- +goose StatmentBegin
SELECT 8;
