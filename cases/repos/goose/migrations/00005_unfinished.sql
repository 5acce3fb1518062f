-- +goose Up
SELECT 5;
SELECT 6
